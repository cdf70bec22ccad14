/* Eigenvalues of small symmetric matrices. */
#ifndef LAB_SEARCH_EIGEN_H
#define LAB_SEARCH_EIGEN_H

#include <stddef.h>

/**
 * Decomposes a symmetric matrix by Jacobi's rotations.
 *
 * @param matrix size * size, rows; destroyed: its diagonal becomes the eigenvalues.
 * @param vectors [out] size * size: column k is the eigenvector of eigenvalue k.
 */
void search_eigen(double *matrix, double *vectors, size_t size);

#endif /* LAB_SEARCH_EIGEN_H */
