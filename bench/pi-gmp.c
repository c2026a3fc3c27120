/*
 * The peer of src/base/pi.ts: Chudnovsky with binary splitting, on GMP.
 *
 * The same series with the same savings (powers of two kept out of Q, leaf blocks, no P on the right
 * edge, Q and T cut to the bits needed before the division); square root, division and decimal
 * conversion are GMP's own, which no multiplication in C beats.
 *
 * Each line "DIGITS COUNT" on standard input computes COUNT times, and is answered with the mean CPU time
 * of one in milliseconds and the last ten digits. cc -O2 pi-gmp.c -lgmp -lm
 */
#include <gmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define A 13591409ul
#define B 545140134ul
#define C 333833583375ul /* 640320^3 / 24 / 2^15 */
#define C_TWOS 15ul
#define LEAF_TERMS 8ul
#define SPARE_BITS 64ul

typedef struct {
  mpz_t p, q, t;
  unsigned long twos;
} range;

static void leaf(range *r, unsigned long first, unsigned long last) {
  mpz_t summand;
  mpz_init(summand);
  mpz_set_ui(r->p, 1);
  mpz_set_ui(r->q, 1);
  mpz_set_ui(r->t, 0);
  r->twos = 0;
  for (unsigned long k = first; k < last; k++) {
    unsigned long shift = __builtin_ctzl(k), odd = k >> shift;
    mpz_mul_ui(r->p, r->p, (6 * k - 5) * (2 * k - 1));
    mpz_mul_ui(r->p, r->p, 6 * k - 1);
    mpz_mul_ui(r->q, r->q, odd * odd * odd);
    mpz_mul_ui(r->q, r->q, C);
    mpz_mul_ui(r->t, r->t, odd * odd * odd);
    mpz_mul_ui(r->t, r->t, C);
    mpz_mul_2exp(r->t, r->t, C_TWOS + 3 * shift);
    mpz_mul_ui(summand, r->p, A + B * k);
    (k % 2 ? mpz_sub : mpz_add)(r->t, r->t, summand);
    r->twos += C_TWOS + 3 * shift;
  }
  mpz_clear(summand);
}

static void split(range *r, unsigned long first, unsigned long last, unsigned long end) {
  mpz_inits(r->p, r->q, r->t, NULL);
  if (last - first <= LEAF_TERMS) {
    leaf(r, first, last);
    return;
  }
  range left, right;
  unsigned long middle = (first + last) / 2;
  split(&left, first, middle, end);
  split(&right, middle, last, end);
  mpz_mul(r->t, left.t, right.q);
  mpz_mul_2exp(r->t, r->t, right.twos);
  mpz_mul(right.t, right.t, left.p);
  mpz_add(r->t, r->t, right.t);
  mpz_mul(r->q, left.q, right.q);
  if (last != end) mpz_mul(r->p, left.p, right.p);
  r->twos = left.twos + right.twos;
  mpz_clears(left.p, left.q, left.t, right.p, right.q, right.t, NULL);
}

static void scale(mpz_t x, long twos) {
  if (twos > 0) mpz_mul_2exp(x, x, twos);
  else mpz_tdiv_q_2exp(x, x, -twos);
}

/* The digits after the point, as a string to free. */
static char *pi(unsigned long digits) {
  unsigned long bits = digits * 3.3219280948873626 + 1 + SPARE_BITS;
  unsigned long end = bits / 47.11 + 2;
  range all;
  mpz_t root, ten;
  split(&all, 1, end, end);
  mpz_init(root);
  mpz_mul_ui(root, all.q, A);
  mpz_mul_2exp(root, root, all.twos);
  mpz_add(all.t, all.t, root);
  long excess = (long)mpz_sizeinbase(all.t, 2) - (long)bits;
  if (excess < 0) excess = 0;
  scale(all.q, (long)all.twos - excess);
  scale(all.t, -excess);
  mpz_set_ui(root, 10005);
  mpz_mul_2exp(root, root, 2 * bits);
  mpz_sqrt(root, root);
  mpz_mul(all.q, all.q, root);
  mpz_mul_ui(all.q, all.q, 426880);
  mpz_tdiv_q(all.q, all.q, all.t);
  mpz_init(ten);
  mpz_ui_pow_ui(ten, 5, digits); /* 10^digits is this and a shift. */
  mpz_mul(all.q, all.q, ten);
  mpz_tdiv_q_2exp(all.q, all.q, bits - digits);
  char *text = mpz_get_str(NULL, 10, all.q);
  mpz_clears(all.p, all.q, all.t, root, ten, NULL);
  return text;
}

int main(void) {
  unsigned long digits, count;
  while (scanf("%lu %lu", &digits, &count) == 2) {
    struct timespec start, stop;
    char last[11] = "";
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
    for (unsigned long i = 0; i < count; i++) {
      char *text = pi(digits);
      strncpy(last, text + strlen(text) - 10, 10);
      free(text);
    }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &stop);
    double ms = (stop.tv_sec - start.tv_sec) * 1e3 + (stop.tv_nsec - start.tv_nsec) / 1e6;
    printf("%.4f %s\n", ms / count, last);
    fflush(stdout);
  }
  return 0;
}
