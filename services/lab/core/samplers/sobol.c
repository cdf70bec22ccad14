/* Sobol's low-discrepancy sequence: covers the space evenly from the first points on. Scrambled by
 * default (Owen's nested uniform scrambling through Laine and Karras's hash), so that different
 * seeds give different, equally even points, none of them at the origin. */
#include "base/assert.h"
#include "services/lab/core/search/study_internal.h"
#include "stats/normal.h"

#define BITS 32
#define DEGREE_MAX 9

/* Primitive polynomials and initial direction numbers of Joe and Kuo, "Constructing Sobol sequences
 * with better two-dimensional projections" (2008), file new-joe-kuo-6.21201, dimensions 2 to 64. */
typedef struct direction {
    uint32_t degree;
    uint32_t coefficients; /* of the polynomial, without its first and last, which are 1 */
    uint32_t initial[DEGREE_MAX];
} direction;

/* clang-format off */
static const direction directions[] = {
    {1, 0, {1}},
    {2, 1, {1, 3}},
    {3, 1, {1, 3, 1}},
    {3, 2, {1, 1, 1}},
    {4, 1, {1, 1, 3, 3}},
    {4, 4, {1, 3, 5, 13}},
    {5, 2, {1, 1, 5, 5, 17}},
    {5, 4, {1, 1, 5, 5, 5}},
    {5, 7, {1, 1, 7, 11, 19}},
    {5, 11, {1, 1, 5, 1, 1}},
    {5, 13, {1, 1, 1, 3, 11}},
    {5, 14, {1, 3, 5, 5, 31}},
    {6, 1, {1, 3, 3, 9, 7, 49}},
    {6, 13, {1, 1, 1, 15, 21, 21}},
    {6, 16, {1, 3, 1, 13, 27, 49}},
    {6, 19, {1, 1, 1, 15, 7, 5}},
    {6, 22, {1, 3, 1, 15, 13, 25}},
    {6, 25, {1, 1, 5, 5, 19, 61}},
    {7, 1, {1, 3, 7, 11, 23, 15, 103}},
    {7, 4, {1, 3, 7, 13, 13, 15, 69}},
    {7, 7, {1, 1, 3, 13, 7, 35, 63}},
    {7, 8, {1, 3, 5, 9, 1, 25, 53}},
    {7, 14, {1, 3, 1, 13, 9, 35, 107}},
    {7, 19, {1, 3, 1, 5, 27, 61, 31}},
    {7, 21, {1, 1, 5, 11, 19, 41, 61}},
    {7, 28, {1, 3, 5, 3, 3, 13, 69}},
    {7, 31, {1, 1, 7, 13, 1, 19, 1}},
    {7, 32, {1, 3, 7, 5, 13, 19, 59}},
    {7, 37, {1, 1, 3, 9, 25, 29, 41}},
    {7, 41, {1, 3, 5, 13, 23, 1, 55}},
    {7, 42, {1, 3, 7, 3, 13, 59, 17}},
    {7, 50, {1, 3, 1, 3, 5, 53, 69}},
    {7, 55, {1, 1, 5, 5, 23, 33, 13}},
    {7, 56, {1, 1, 7, 7, 1, 61, 123}},
    {7, 59, {1, 1, 7, 9, 13, 61, 49}},
    {7, 62, {1, 3, 3, 5, 3, 55, 33}},
    {8, 14, {1, 3, 1, 15, 31, 13, 49, 245}},
    {8, 21, {1, 3, 5, 15, 31, 59, 63, 97}},
    {8, 22, {1, 3, 1, 11, 11, 11, 77, 249}},
    {8, 38, {1, 3, 1, 11, 27, 43, 71, 9}},
    {8, 47, {1, 1, 7, 15, 21, 11, 81, 45}},
    {8, 49, {1, 3, 7, 3, 25, 31, 65, 79}},
    {8, 50, {1, 3, 1, 1, 19, 11, 3, 205}},
    {8, 52, {1, 1, 5, 9, 19, 21, 29, 157}},
    {8, 56, {1, 3, 7, 11, 1, 33, 89, 185}},
    {8, 67, {1, 3, 3, 3, 15, 9, 79, 71}},
    {8, 70, {1, 3, 7, 11, 15, 39, 119, 27}},
    {8, 84, {1, 1, 3, 1, 11, 31, 97, 225}},
    {8, 97, {1, 1, 1, 3, 23, 43, 57, 177}},
    {8, 103, {1, 3, 7, 7, 17, 17, 37, 71}},
    {8, 115, {1, 3, 1, 5, 27, 63, 123, 213}},
    {8, 122, {1, 1, 3, 5, 11, 43, 53, 133}},
    {9, 8, {1, 3, 5, 5, 29, 17, 47, 173, 479}},
    {9, 13, {1, 3, 3, 11, 3, 1, 109, 9, 69}},
    {9, 16, {1, 1, 1, 5, 17, 39, 23, 5, 343}},
    {9, 22, {1, 3, 1, 5, 25, 15, 31, 103, 499}},
    {9, 25, {1, 1, 1, 11, 11, 17, 63, 105, 183}},
    {9, 44, {1, 1, 5, 11, 9, 29, 97, 231, 363}},
    {9, 47, {1, 1, 5, 15, 19, 45, 41, 7, 383}},
    {9, 52, {1, 3, 7, 7, 31, 19, 83, 137, 221}},
    {9, 55, {1, 1, 1, 3, 23, 15, 111, 223, 83}},
    {9, 59, {1, 1, 5, 13, 31, 15, 55, 25, 161}},
    {9, 62, {1, 1, 3, 13, 25, 47, 39, 87, 257}},};
/* clang-format on */
_Static_assert(sizeof(directions) / sizeof(directions[0]) == SEARCH_DIMS_MAX - 1,
    "a row a dimension; the first needs none");

/* The number of the next point: not that of the trial, because trials may be added. */
typedef struct sobol_state {
    uint64_t next;
} sobol_state;

/* Direction vectors of every dimension. */
typedef struct sobol_scratch {
    uint32_t vectors[SEARCH_DIMS_MAX][BITS];
} sobol_scratch;

static size_t sobol_state_size(const search_config *config)
{
    (void)config;
    return sizeof(sobol_state);
}

static size_t sobol_scratch_size(const search_config *config)
{
    (void)config;
    return sizeof(sobol_scratch);
}

static void fill(uint32_t dim, uint32_t vectors[BITS])
{
    if (dim == 0) {
        for (uint32_t i = 0; i < BITS; i++) {
            vectors[i] = UINT32_C(1) << (BITS - 1 - i);
        }
        return;
    }
    const direction *from = &directions[dim - 1];
    CB_ASSERT(from->degree > 0 && from->degree <= DEGREE_MAX);
    for (uint32_t i = 0; i < BITS; i++) {
        if (i < from->degree) {
            CB_ASSERT((from->initial[i] & 1) == 1);
            vectors[i] = from->initial[i] << (BITS - 1 - i);
            continue;
        }
        uint32_t next = vectors[i - from->degree] ^ (vectors[i - from->degree] >> from->degree);
        for (uint32_t k = 1; k < from->degree; k++) {
            if ((from->coefficients >> (from->degree - 1 - k) & 1) != 0) {
                next ^= vectors[i - k];
            }
        }
        vectors[i] = next;
    }
}

static void sobol_attach(search_study *study)
{
    sobol_scratch *scratch = study->scratch;
    for (uint32_t i = 0; i < study->header->config.space.count; i++) {
        fill(i, scratch->vectors[i]);
    }
}

static uint32_t reversed(uint32_t bits)
{
    uint32_t out = 0;
    for (uint32_t i = 0; i < BITS; i++) {
        out = out << 1 | (bits >> i & 1);
    }
    return out;
}

/* Flips each bit depending on the bits above it and the seed: a random Owen scrambling. Unsigned
 * overflow is meant. */
static uint32_t scrambled(uint32_t bits, uint32_t seed)
{
    uint32_t mixed = reversed(bits);
    mixed += seed;
    mixed ^= mixed * UINT32_C(0x6c50b47c);
    mixed ^= mixed * UINT32_C(0xb82f1e52);
    mixed ^= mixed * UINT32_C(0xc7afe638);
    mixed ^= mixed * UINT32_C(0x8d22f6e6);
    return reversed(mixed);
}

static cb_status sobol_ask(
    search_study *study, uint64_t number, search_row *row, cb_prng *prng, cb_err *err)
{
    (void)number;
    (void)prng;
    const search_config *config = &study->header->config;
    const sobol_scratch *scratch = study->scratch;
    sobol_state *sobol = study->state;
    if (sobol->next > UINT32_MAX) {
        return CB_FAIL(err, CB_E_NOT_FOUND, "the Sobol sequence has 2^32 points");
    }
    const uint32_t gray = (uint32_t)(sobol->next ^ (sobol->next >> 1));
    for (uint32_t i = 0; i < config->space.count; i++) {
        uint32_t bits = 0;
        for (uint32_t k = 0; k < BITS; k++) {
            bits ^= (gray >> k & 1) != 0 ? scratch->vectors[i][k] : 0;
        }
        if (config->is_plain_sobol == 0) {
            cb_prng stream = cb_random_stream(config->seed, UINT64_C(0x50b01) << 32 | i);
            bits = scrambled(bits, (uint32_t)(cb_prng_next(&stream) >> 32));
        }
        const double unit = (double)bits * 0x1.0p-32;
        search_row_units(row)[i] = search_snap(&config->space.dims[i], unit);
    }
    sobol->next++;
    return CB_OK;
}

const search_sampler search_sampler_sobol = {.name = "sobol",
    .summary = "an even cover of the space, scrambled by the seed",
    .source = "Sobol 1967; Joe and Kuo 2008; Laine and Karras 2011",
    .objectives_max = SEARCH_OBJECTIVES_MAX,
    .state_size = sobol_state_size,
    .scratch_size = sobol_scratch_size,
    .attach = sobol_attach,
    .ask = sobol_ask};
