/* The last capacity values in order of size: how many are below a value, what they sum to, and
 * which one stands at a rank, each in O(log n) on average. A treap over the slots of the window: a
 * slot's priority is a hash of its number, so the same values give the same tree on every machine.
 */
#ifndef CB_IND_RANK_H
#define CB_IND_RANK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One value; links are slot numbers plus 1, 0 is none. */
typedef struct cb_ind_rank_node {
    double value;
    double weight;  /* the value itself unless pushed with another */
    double sum;     /* of the weights of the subtree */
    uint64_t count; /* of the subtree */
    uint64_t left;
    uint64_t right;
} cb_ind_rank_node;

typedef struct cb_ind_rank {
    uint64_t capacity;
    uint64_t count;
    uint64_t next; /* where the next value goes */
    uint64_t root;
} cb_ind_rank;

/* Doubles that the nodes take. */
#define CB_IND_RANK_DOUBLES(capacity) (6 * (capacity))

void cb_ind_rank_init(cb_ind_rank *rank, cb_ind_rank_node *nodes, uint64_t capacity);
/** Adds a value, dropping the oldest when full. True when full. */
bool cb_ind_rank_push(cb_ind_rank *rank, cb_ind_rank_node *nodes, double value);
/** The same, with another weight to add up than the value. */
bool cb_ind_rank_push_weighted(
    cb_ind_rank *rank, cb_ind_rank_node *nodes, double value, double weight);
/**
 * Values smaller than value (or not greater, when with_equal).
 *
 * @param sum [out] what their weights add up to. May be NULL.
 */
uint64_t cb_ind_rank_below(const cb_ind_rank *rank,
    const cb_ind_rank_node *nodes,
    double value,
    bool with_equal,
    double *sum);
/** The value at a rank, 0 the smallest; rank < count. */
double cb_ind_rank_at(const cb_ind_rank *rank, const cb_ind_rank_node *nodes, uint64_t index);
/** Between the two nearest ranks, linearly: share 0 is the smallest, 1 the greatest. */
double cb_ind_rank_quantile(const cb_ind_rank *rank, const cb_ind_rank_node *nodes, double share);
/** Mean of |value - middle| over the window. */
double cb_ind_rank_deviation(const cb_ind_rank *rank, const cb_ind_rank_node *nodes, double middle);

#endif /* CB_IND_RANK_H */
