/* The sampler's rotation scheme by hand: the yardstick of benchmarks/sampler.py.

   The same algorithm as qemlib/_kernels.py, written as a C programmer would for this compiler:
   blocks of LANES walkers in float32, xoshiro128++ in every lane, Box-Muller with the same
   polynomials, nearest node of the table, three shears, and the same record (six sums in float64,
   a histogram in |alpha| and one in the plane); the origin of the
   rotations is x = 0.  Built by the benchmark with
   gcc -O3 -march=native -fno-math-errno -fno-trapping-math -ffp-contract=fast, so that every loop
   is vectorised (see with -fopt-info-vec).  Blocks of 64 are fastest here. */

#include <math.h>
#include <stdint.h>
#include <string.h>

#ifndef LANES
#define LANES 64
#endif
#define HALF (LANES / 2)
#define MOMENTS 6

typedef struct {
    float low, per_node, top;               /* where the nodes are */
    float tangent[2], sine[2];              /* of a whole and of half a turn */
    float per_radius, reach, per_length;    /* where the bins are */
    int32_t last_bin, width;
} settings;

static inline float as_float(int32_t bits) { float f; memcpy(&f, &bits, 4); return f; }
static inline int32_t as_bits(float f) { int32_t bits; memcpy(&bits, &f, 4); return bits; }
static inline uint32_t rotated(uint32_t v, int k) { return (v << k) | (v >> (32 - k)); }

static inline void draw(uint32_t words[4][LANES], float *restrict xi)
{
    uint32_t out[LANES] __attribute__((aligned(64)));
    for (int i = 0; i < LANES; i++) {
        uint32_t s0 = words[0][i], s1 = words[1][i], s2 = words[2][i], s3 = words[3][i];
        out[i] = rotated(s0 + s3, 7) + s0;
        uint32_t shifted = s1 << 9;
        s2 ^= s0;
        s3 ^= s1;
        words[1][i] = s1 ^ s2;
        words[0][i] = s0 ^ s3;
        words[2][i] = s2 ^ shifted;
        words[3][i] = rotated(s3, 11);
    }
    for (int i = 0; i < HALF; i++) {
        float u = ((float)(int32_t)(out[i] >> 1) + 0.5f) * 0x1p-31f;
        int32_t bits = as_bits(u);
        int32_t exponent = (bits - 0x3F3504F3) >> 23;
        float m = as_float(bits - (int32_t)((uint32_t)exponent << 23)) - 1.0f;
        float c = 7.0376836292e-2f;
        c = c * m - 1.1514610310e-1f;
        c = c * m + 1.1676998740e-1f;
        c = c * m - 1.2420140846e-1f;
        c = c * m + 1.4249322787e-1f;
        c = c * m - 1.6668057665e-1f;
        c = c * m + 2.0000714765e-1f;
        c = c * m - 2.4999993993e-1f;
        c = c * m + 3.3333331174e-1f;
        float log_u = m + m * m * (c * m - 0.5f) + (float)exponent * 0.693147180559945f;
        float radius = sqrtf(-2.0f * log_u);
        float t = (float)(int32_t)out[HALF + i] * 0x1p-31f, t2 = t * t;
        float s = -3.598843235212085e-6f;
        s = s * t2 + 1.604411847873598e-4f;
        s = s * t2 - 4.681754135318688e-3f;
        s = s * t2 + 7.969262624616704e-2f;
        s = s * t2 - 0.6459640975062463f;
        s = s * t2 + 1.5707963267948966f;
        s = s * t;
        float k = 4.710874778818172e-7f;
        k = k * t2 - 2.5202042373060607e-5f;
        k = k * t2 + 9.192602748394266e-4f;
        k = k * t2 - 2.0863480763352960e-2f;
        k = k * t2 + 0.253669507901048f;
        k = k * t2 - 1.2337005501361697f;
        k = k * t2 + 1.0f;
        xi[i] = radius * (1.0f - 2.0f * s * s);
        xi[HALF + i] = radius * (2.0f * s * k);
    }
}

static inline void turn(float *restrict q, float *restrict y, float t, float s)
{
    for (int i = 0; i < LANES; i++) {
        y[i] -= t * q[i];
        q[i] += s * y[i];
        y[i] -= t * q[i];
    }
}

/* Returns how many walkers were off the grid.  Rows of the table are copied as 16 bytes: three
   gathers from it would cost half as much again. */
static inline int kick_and_turn(float *restrict q, float *restrict y, const float *restrict xi,
                                const float *restrict table, const settings *o, float t, float s)
{
    int outside = 0;
    int32_t node[LANES] __attribute__((aligned(64)));
    float row[LANES][4] __attribute__((aligned(64)));
    for (int i = 0; i < LANES; i++) {
        float place = (q[i] - o->low) * o->per_node;
        float inside = place > 0.0f ? place : 0.0f;
        inside = inside < o->top ? inside : o->top;
        outside += place != inside;
        node[i] = (int32_t)(inside + 0.5f) * 4;
    }
    for (int i = 0; i < LANES; i++)
        memcpy(row[i], table + node[i], 16);
    for (int i = 0; i < LANES; i++) {
        float v = y[i] + (row[i][1] - row[i][0] * y[i] + row[i][2] * xi[i]);
        v -= t * q[i];
        float r = q[i] + s * v;
        q[i] = r;
        y[i] = v - t * r;
    }
    return outside;
}

static inline void record(const float *restrict q, const float *restrict y, const settings *o,
                          double sums[MOMENTS][LANES], int64_t *restrict radial,
                          int64_t *restrict plane)
{
    int32_t bin[LANES] __attribute__((aligned(64))), cell[LANES] __attribute__((aligned(64)));
    for (int i = 0; i < LANES; i++) {
        double a = q[i], b = y[i], square = a * a + b * b;
        sums[0][i] += square;
        sums[1][i] += square * square;
        sums[2][i] += a * a - b * b;
        sums[3][i] += 2.0 * a * b;
        sums[4][i] += a;
        sums[5][i] += b;
    }
    float last = (float)o->last_bin, width = (float)o->width;
    for (int i = 0; i < LANES; i++) {
        float place = sqrtf(q[i] * q[i] + y[i] * y[i]) * o->per_radius;
        bin[i] = (int32_t)(place < last ? place : last);
        float column = (q[i] + o->reach) * o->per_length, row = (y[i] + o->reach) * o->per_length;
        int within = (column >= 0.0f) & (column < width) & (row >= 0.0f) & (row < width);
        int32_t at = (int32_t)column * o->width + (int32_t)row;
        cell[i] = within ? at : o->width * o->width;
    }
    for (int i = 0; i < LANES; i++)
        radial[bin[i]]++;
    for (int i = 0; i < LANES; i++)
        plane[cell[i]]++;
}

/* state[blocks][2][LANES], words[blocks][4][LANES], table[nodes][4], sums[blocks][MOMENTS][LANES];
   one thread.  Returns the number of walkers found off the grid. */
long advance(long blocks, long strides, long interval, float *state, uint32_t *words,
             const float *table, const settings *o, double *sums, int64_t *radial, int64_t *plane)
{
    long outside = 0;
    for (long block = 0; block < blocks; block++) {
        float q[LANES] __attribute__((aligned(64))), y[LANES] __attribute__((aligned(64)));
        float xi[LANES] __attribute__((aligned(64)));
        uint32_t w[4][LANES] __attribute__((aligned(64)));
        memcpy(q, state + block * 2 * LANES, sizeof q);
        memcpy(y, state + block * 2 * LANES + LANES, sizeof y);
        memcpy(w, words + block * 4 * LANES, sizeof w);
        double (*mine)[LANES] = (double (*)[LANES])(sums + block * MOMENTS * LANES);
        for (long stride = 0; stride < strides; stride++) {
            turn(q, y, o->tangent[1], o->sine[1]);
            for (long k = 0; k < interval; k++) {
                int half = k == interval - 1;
                draw(w, xi);
                outside += kick_and_turn(q, y, xi, table, o, o->tangent[half], o->sine[half]);
            }
            record(q, y, o, mine, radial, plane);
        }
        memcpy(state + block * 2 * LANES, q, sizeof q);
        memcpy(state + block * 2 * LANES + LANES, y, sizeof y);
        memcpy(words + block * 4 * LANES, w, sizeof w);
    }
    return outside;
}
