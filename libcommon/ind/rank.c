/* A treap in an array: split and merge over slot numbers. Its depth is logarithmic on average; the
 * recursion ends with the window's size at the latest. */
#include "ind/rank.h"

#include <math.h>

#include "base/assert.h"
#include "base/hash.h"

_Static_assert(sizeof(cb_ind_rank_node) == 6 * sizeof(double), "a node is six words");

void cb_ind_rank_init(cb_ind_rank *rank, cb_ind_rank_node *nodes, uint64_t capacity)
{
    CB_ASSERT(rank != NULL && nodes != NULL);
    CB_ASSERT(capacity > 0);
    *rank = (cb_ind_rank){.capacity = capacity};
    for (uint64_t i = 0; i < capacity; i++) {
        nodes[i] = (cb_ind_rank_node){.value = 0};
    }
}

static uint64_t priority(uint64_t link)
{
    return cb_hash_u64(CB_HASH_SEED, link);
}

/* Equal values are told apart by their slots. */
static bool is_less(const cb_ind_rank_node *nodes, uint64_t a, double value, uint64_t b)
{
    const double own = nodes[a - 1].value;
    return own < value || (!(own > value) && a < b);
}

static void refresh(cb_ind_rank_node *nodes, uint64_t link)
{
    cb_ind_rank_node *node = &nodes[link - 1];
    node->count = 1;
    node->sum = node->weight;
    if (node->left != 0) {
        node->count += nodes[node->left - 1].count;
        node->sum += nodes[node->left - 1].sum;
    }
    if (node->right != 0) {
        node->count += nodes[node->right - 1].count;
        node->sum += nodes[node->right - 1].sum;
    }
}

/* Parts a tree into what stands before the node of that link and what stands behind it. */
static void split(
    cb_ind_rank_node *nodes, uint64_t tree, uint64_t link, uint64_t *left, uint64_t *right)
{
    if (tree == 0) {
        *left = 0;
        *right = 0;
        return;
    }
    cb_ind_rank_node *node = &nodes[tree - 1];
    if (is_less(nodes, tree, nodes[link - 1].value, link)) {
        split(nodes, node->right, link, &node->right, right);
        *left = tree;
    } else {
        split(nodes, node->left, link, left, &node->left);
        *right = tree;
    }
    refresh(nodes, tree);
}

/* All of left stands before all of right. */
static uint64_t merge(cb_ind_rank_node *nodes, uint64_t left, uint64_t right)
{
    if (left == 0 || right == 0) {
        return left == 0 ? right : left;
    }
    if (priority(left) > priority(right)) {
        nodes[left - 1].right = merge(nodes, nodes[left - 1].right, right);
        refresh(nodes, left);
        return left;
    }
    nodes[right - 1].left = merge(nodes, left, nodes[right - 1].left);
    refresh(nodes, right);
    return right;
}

static void insert(cb_ind_rank_node *nodes, uint64_t *tree, uint64_t link)
{
    uint64_t *at = tree;
    while (*at != 0 && priority(*at) > priority(link)) {
        cb_ind_rank_node *node = &nodes[*at - 1];
        node->count++;
        node->sum += nodes[link - 1].weight;
        at = is_less(nodes, *at, nodes[link - 1].value, link) ? &node->right : &node->left;
    }
    cb_ind_rank_node *fresh = &nodes[link - 1];
    split(nodes, *at, link, &fresh->left, &fresh->right);
    *at = link;
    refresh(nodes, link);
}

/* Sums above the erased node are built anew from their children on the way back. */
static void erase(cb_ind_rank_node *nodes, uint64_t *tree, uint64_t link)
{
    CB_ASSERT(*tree != 0);
    if (*tree == link) {
        *tree = merge(nodes, nodes[link - 1].left, nodes[link - 1].right);
        return;
    }
    cb_ind_rank_node *node = &nodes[*tree - 1];
    const bool is_right = is_less(nodes, *tree, nodes[link - 1].value, link);
    erase(nodes, is_right ? &node->right : &node->left, link);
    refresh(nodes, *tree);
}

bool cb_ind_rank_push(cb_ind_rank *rank, cb_ind_rank_node *nodes, double value)
{
    return cb_ind_rank_push_weighted(rank, nodes, value, value);
}

bool cb_ind_rank_push_weighted(
    cb_ind_rank *rank, cb_ind_rank_node *nodes, double value, double weight)
{
    CB_ASSERT(rank != NULL && nodes != NULL);
    CB_ASSERT(isfinite(value) && isfinite(weight));
    const uint64_t link = rank->next + 1;
    if (rank->count == rank->capacity) {
        erase(nodes, &rank->root, link);
    } else {
        rank->count++;
    }
    nodes[rank->next] =
        (cb_ind_rank_node){.value = value, .weight = weight, .sum = weight, .count = 1};
    insert(nodes, &rank->root, link);
    rank->next = rank->next + 1 == rank->capacity ? 0 : rank->next + 1;
    CB_ASSERT(nodes[rank->root - 1].count == rank->count);
    return rank->count == rank->capacity;
}

uint64_t cb_ind_rank_below(const cb_ind_rank *rank,
    const cb_ind_rank_node *nodes,
    double value,
    bool with_equal,
    double *sum)
{
    CB_ASSERT(rank != NULL && nodes != NULL);
    uint64_t count = 0;
    double total = 0;
    for (uint64_t at = rank->root; at != 0;) {
        const cb_ind_rank_node *node = &nodes[at - 1];
        const bool is_below = node->value < value || (with_equal && !(node->value > value));
        if (!is_below) {
            at = node->left;
            continue;
        }
        count++;
        total += node->weight;
        if (node->left != 0) {
            count += nodes[node->left - 1].count;
            total += nodes[node->left - 1].sum;
        }
        at = node->right;
    }
    if (sum != NULL) {
        *sum = total;
    }
    CB_ASSERT(count <= rank->count);
    return count;
}

double cb_ind_rank_at(const cb_ind_rank *rank, const cb_ind_rank_node *nodes, uint64_t index)
{
    CB_ASSERT(rank != NULL && nodes != NULL);
    CB_ASSERT(index < rank->count);
    uint64_t at = rank->root;
    while (true) {
        const cb_ind_rank_node *node = &nodes[at - 1];
        const uint64_t before = node->left != 0 ? nodes[node->left - 1].count : 0;
        if (index == before) {
            return node->value;
        }
        if (index < before) {
            at = node->left;
        } else {
            index -= before + 1;
            at = node->right;
        }
        CB_ASSERT(at != 0);
    }
}

double cb_ind_rank_quantile(const cb_ind_rank *rank, const cb_ind_rank_node *nodes, double share)
{
    CB_ASSERT(rank->count > 0);
    CB_ASSERT(share >= 0 && share <= 1);
    const double place = share * (double)(rank->count - 1);
    const double below = floor(place);
    const uint64_t index = (uint64_t)below;
    const double low = cb_ind_rank_at(rank, nodes, index);
    if (index + 1 == rank->count || !(place > below)) {
        return low;
    }
    const double high = cb_ind_rank_at(rank, nodes, index + 1);
    return low + (place - below) * (high - low);
}

double cb_ind_rank_deviation(const cb_ind_rank *rank, const cb_ind_rank_node *nodes, double middle)
{
    CB_ASSERT(rank->count > 0 && rank->root > 0);
    double below_sum = 0;
    const uint64_t below = cb_ind_rank_below(rank, nodes, middle, false, &below_sum);
    const uint64_t above = rank->count - below;
    const double above_sum = nodes[rank->root - 1].sum - below_sum;
    const double whole =
        ((double)below * middle - below_sum) + (above_sum - (double)above * middle);
    const double deviation = whole / (double)rank->count;
    /* What is below the rounding of the sums is nothing. */
    return deviation > 1e-13 * fabs(middle) ? deviation : 0;
}
