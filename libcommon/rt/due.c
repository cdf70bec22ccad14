/* A binary heap of items and a hash table from (kind, id) to the place in the heap, so that moving
 * and cancelling cost the same as firing. Both grow by doubling; nothing is allocated otherwise. */
#include "rt/due.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/hash.h"

#define FIRST_CAPACITY 64
#define SLOT_FREE SIZE_MAX

struct cb_due {
    cb_due_item *heap;
    size_t count;
    size_t capacity;
    size_t *slots; /* places in the heap; twice the capacity, a power of two */
    size_t slots_count;
};

static bool is_before(const cb_due_item *a, const cb_due_item *b)
{
    if (a->due_ns != b->due_ns) {
        return a->due_ns < b->due_ns;
    }
    return a->kind != b->kind ? a->kind < b->kind : a->id < b->id;
}

/* ---- the table of places ---- */

static size_t home_slot(const cb_due *due, uint32_t kind, uint64_t id)
{
    const uint64_t hash = cb_hash_u64(cb_hash_u64(CB_HASH_SEED, kind), id);
    return (size_t)(hash & (uint64_t)(due->slots_count - 1));
}

/* The slot of (kind, id), or the free one where it would go. */
static size_t find_slot(const cb_due *due, uint32_t kind, uint64_t id)
{
    size_t slot = home_slot(due, kind, id);
    while (due->slots[slot] != SLOT_FREE) {
        const cb_due_item *item = &due->heap[due->slots[slot]];
        if (item->kind == kind && item->id == id) {
            break;
        }
        slot = (slot + 1) & (due->slots_count - 1);
    }
    return slot;
}

/* Frees a slot and moves later entries of its run back, so that searches still find them. */
static void free_slot(cb_due *due, size_t slot)
{
    const size_t mask = due->slots_count - 1;
    size_t hole = slot;
    for (size_t next = (hole + 1) & mask; due->slots[next] != SLOT_FREE; next = (next + 1) & mask) {
        const cb_due_item *item = &due->heap[due->slots[next]];
        const size_t home = home_slot(due, item->kind, item->id);
        if (((next - home) & mask) >= ((next - hole) & mask)) {
            due->slots[hole] = due->slots[next];
            hole = next;
        }
    }
    due->slots[hole] = SLOT_FREE;
}

/* ---- the heap ---- */

/* Moves an item that is already in the table. */
static void place(cb_due *due, size_t index, const cb_due_item *item, size_t slot)
{
    due->heap[index] = *item;
    due->slots[slot] = index;
}

static void sift(cb_due *due, size_t index)
{
    const cb_due_item item = due->heap[index];
    const size_t slot = find_slot(due, item.kind, item.id);
    while (index > 0 && is_before(&item, &due->heap[(index - 1) / 2])) {
        const cb_due_item parent = due->heap[(index - 1) / 2];
        place(due, index, &parent, find_slot(due, parent.kind, parent.id));
        index = (index - 1) / 2;
        place(due, index, &item, slot);
    }
    for (;;) {
        size_t child = 2 * index + 1;
        if (child >= due->count) {
            return;
        }
        if (child + 1 < due->count && is_before(&due->heap[child + 1], &due->heap[child])) {
            child++;
        }
        const cb_due_item lower = due->heap[child];
        if (!is_before(&lower, &item)) {
            return;
        }
        place(due, index, &lower, find_slot(due, lower.kind, lower.id));
        index = child;
        place(due, index, &item, slot);
    }
}

static void grow(cb_due *due)
{
    due->capacity = due->capacity == 0 ? FIRST_CAPACITY : due->capacity * 2;
    due->slots_count = due->capacity * 2;
    due->heap = realloc(due->heap, due->capacity * sizeof(due->heap[0]));
    free(due->slots);
    due->slots = malloc(due->slots_count * sizeof(due->slots[0]));
    CB_ASSERT(due->heap != NULL && due->slots != NULL);
    for (size_t i = 0; i < due->slots_count; i++) {
        due->slots[i] = SLOT_FREE;
    }
    for (size_t i = 0; i < due->count; i++) {
        due->slots[find_slot(due, due->heap[i].kind, due->heap[i].id)] = i;
    }
}

static void remove_at(cb_due *due, size_t index)
{
    const cb_due_item *item = &due->heap[index];
    free_slot(due, find_slot(due, item->kind, item->id));
    due->count--;
    if (index == due->count) {
        return;
    }
    const cb_due_item last = due->heap[due->count];
    const size_t slot = find_slot(due, last.kind, last.id);
    place(due, index, &last, slot);
    sift(due, index);
}

/* ---- the interface ---- */

cb_due *cb_due_create(void)
{
    cb_due *due = calloc(1, sizeof(*due));
    CB_ASSERT(due != NULL);
    grow(due);
    return due;
}

void cb_due_destroy(cb_due *due)
{
    if (due != NULL) {
        free(due->heap);
        free(due->slots);
        free(due);
    }
}

void cb_due_set(cb_due *due, const cb_due_item *item)
{
    if (due->count == due->capacity) {
        grow(due);
    }
    const size_t slot = find_slot(due, item->kind, item->id);
    size_t index = due->slots[slot];
    if (index == SLOT_FREE) {
        index = due->count++;
    }
    place(due, index, item, slot);
    sift(due, index);
}

bool cb_due_cancel(cb_due *due, uint32_t kind, uint64_t id)
{
    const size_t index = due->slots[find_slot(due, kind, id)];
    if (index == SLOT_FREE) {
        return false;
    }
    remove_at(due, index);
    return true;
}

bool cb_due_first(const cb_due *due, cb_due_item *out)
{
    if (due->count == 0) {
        return false;
    }
    *out = due->heap[0];
    return true;
}

bool cb_due_take(cb_due *due, int64_t now_ns, cb_due_item *out)
{
    if (due->count == 0 || due->heap[0].due_ns > now_ns) {
        return false;
    }
    *out = due->heap[0];
    remove_at(due, 0);
    return true;
}

size_t cb_due_count(const cb_due *due)
{
    return due->count;
}
