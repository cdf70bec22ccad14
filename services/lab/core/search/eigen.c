/* Cyclic Jacobi rotations: slower than tridiagonal methods, but for a few dozen dimensions once a
 * generation that is nothing, and it is accurate and short. */
#include "services/lab/core/search/eigen.h"

#include <math.h>
#include <string.h>

#include "base/assert.h"

#define SWEEPS_MAX 60

static double off_diagonal(const double *matrix, size_t size)
{
    double sum = 0;
    for (size_t i = 0; i < size; i++) {
        for (size_t k = i + 1; k < size; k++) {
            sum += matrix[i * size + k] * matrix[i * size + k];
        }
    }
    return sum;
}

static double diagonal(const double *matrix, size_t size)
{
    double sum = 0;
    for (size_t i = 0; i < size; i++) {
        sum += matrix[i * size + i] * matrix[i * size + i];
    }
    return sum;
}

/* Turns the plane of two axes so that the element between them becomes zero. */
static void rotate(double *matrix, double *vectors, size_t size, size_t p, size_t q)
{
    const double between = matrix[p * size + q];
    if (fabs(between) <= 0) {
        return;
    }
    const double theta = (matrix[q * size + q] - matrix[p * size + p]) / (2 * between);
    const double t = (theta >= 0 ? 1 : -1) / (fabs(theta) + sqrt(theta * theta + 1));
    const double c = 1 / sqrt(t * t + 1);
    const double s = t * c;
    for (size_t k = 0; k < size; k++) {
        const double kp = matrix[k * size + p];
        const double kq = matrix[k * size + q];
        matrix[k * size + p] = c * kp - s * kq;
        matrix[k * size + q] = s * kp + c * kq;
    }
    for (size_t k = 0; k < size; k++) {
        const double pk = matrix[p * size + k];
        const double qk = matrix[q * size + k];
        matrix[p * size + k] = c * pk - s * qk;
        matrix[q * size + k] = s * pk + c * qk;
        const double vp = vectors[k * size + p];
        const double vq = vectors[k * size + q];
        vectors[k * size + p] = c * vp - s * vq;
        vectors[k * size + q] = s * vp + c * vq;
    }
}

void search_eigen(double *matrix, double *vectors, size_t size)
{
    CB_ASSERT(matrix != NULL);
    CB_ASSERT(vectors != NULL);
    memset(vectors, 0, size * size * sizeof(*vectors));
    for (size_t i = 0; i < size; i++) {
        vectors[i * size + i] = 1;
    }
    for (unsigned sweep = 0; sweep < SWEEPS_MAX; sweep++) {
        if (off_diagonal(matrix, size) <= 1e-30 * diagonal(matrix, size)) {
            return;
        }
        for (size_t p = 0; p < size; p++) {
            for (size_t q = p + 1; q < size; q++) {
                rotate(matrix, vectors, size, p, q);
            }
        }
    }
}
