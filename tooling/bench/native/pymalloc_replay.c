/*
 * Plays a stream of small-object calls into CPython's own pymalloc, a round at a
 * time, so that rounds of other programs can come in between.
 *
 *   pymalloc_replay FILE
 *
 * FILE is what `stream-file.mjs` writes: two u32 (calls, slots), then the calls
 * as columns: u8 operation, padding to 4 bytes, i32 slot, i32 size. For each line
 * on standard input it prints one line: ns per call, CPU time of the thread. The
 * line "pymalloc" plays into PyObject_*, "none" into empty functions.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { OP_MALLOC, OP_CALLOC, OP_REALLOC, OP_FREE };

typedef struct {
    uint8_t op;
    uint32_t slot;
    uint32_t size;
} call_t;

static call_t *calls;
static uint32_t ncalls, nslots;
static void **blocks;

static void *none_malloc(size_t n) { (void)n; return (void *)16; }
static void *none_calloc(size_t c, size_t n) { (void)c; (void)n; return (void *)16; }
static void *none_realloc(void *p, size_t n) { (void)p; (void)n; return (void *)16; }
static void none_free(void *p) { (void)p; }

/* A macro, so that pymalloc is called by name. The empty functions go through
 * volatile pointers, or the compiler would drop the calls. */
#define PLAY(MALLOC, CALLOC, REALLOC, FREE)                                        \
    for (uint32_t i = 0; i < ncalls; i++) {                                        \
        call_t call = calls[i];                                                    \
        switch (call.op) {                                                         \
        case OP_MALLOC: blocks[call.slot] = MALLOC(call.size); break;              \
        case OP_CALLOC: blocks[call.slot] = CALLOC(1, call.size); break;           \
        case OP_REALLOC: blocks[call.slot] = REALLOC(blocks[call.slot], call.size); break; \
        default: FREE(blocks[call.slot]); blocks[call.slot] = NULL;                \
        }                                                                          \
    }

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void *column(FILE *file, size_t bytes)
{
    void *data = malloc(bytes);
    if (data == NULL || fread(data, 1, bytes, file) != bytes) {
        fprintf(stderr, "pymalloc_replay: the stream file is cut short\n");
        exit(1);
    }
    return data;
}

static void load(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) { perror(path); exit(1); }
    uint32_t *head = column(file, 8);
    ncalls = head[0];
    nslots = head[1];
    uint8_t *op = column(file, (ncalls + 3u) & ~3u);
    uint32_t *slot = column(file, 4ul * ncalls);
    uint32_t *size = column(file, 4ul * ncalls);
    calls = malloc(ncalls * sizeof *calls);
    for (uint32_t i = 0; i < ncalls; i++) calls[i] = (call_t){ op[i], slot[i], size[i] };
    blocks = calloc(nslots + 1ul, sizeof *blocks);
    free(head); free(op); free(slot); free(size);
    fclose(file);
}

int main(int argc, char **argv)
{
    if (argc != 2) { fprintf(stderr, "usage: pymalloc_replay FILE\n"); return 2; }
    load(argv[1]);
    void *(*volatile m)(size_t) = none_malloc;
    void *(*volatile c)(size_t, size_t) = none_calloc;
    void *(*volatile r)(void *, size_t) = none_realloc;
    void (*volatile f)(void *) = none_free;

    char line[64];
    setvbuf(stdout, NULL, _IOLBF, 0);
    puts("ready");
    while (fgets(line, sizeof line, stdin) != NULL) {
        int none = strncmp(line, "none", 4) == 0;
        double start = now();
        if (none) { PLAY(m, c, r, f) }
        else { PLAY(PyObject_Malloc, PyObject_Calloc, PyObject_Realloc, PyObject_Free) }
        double ns = (now() - start) / (double)ncalls;
        for (uint32_t i = 0; i < nslots; i++) { /* what the program left alive: not timed */
            if (!none && blocks[i] != NULL) PyObject_Free(blocks[i]);
            blocks[i] = NULL;
        }
        printf("%.4f\n", ns);
    }
    return 0;
}
