/* Memory of columns, which Arrow may keep for as long as it likes and which comes back here then.
 *
 * The first touch of fresh memory costs a page fault for every 4 KB, and of a batch's columns that was as much as
 * reading the messages. So what comes back is kept for the next batch, up to FW_KEPT_BYTES in all.
 */
#ifndef FIXWATCH_MEMORY_H
#define FIXWATCH_MEMORY_H

#include <stdlib.h>
#include <string.h>

#include <stddef.h>
#include <stdint.h>

/* The columns of a few batches of 20,000 messages. */
#define FW_KEPT_BYTES ((size_t)64 << 20)
/* Sizes are powers of two, from 2^8 to 2^FW_SIZES; larger memory is not kept. */
#define FW_SMALLEST 8
#define FW_SIZES 25

/* With AddressSanitizer nothing is kept: every use of what was given back shall be seen. */
#if defined(__SANITIZE_ADDRESS__)
#define FW_KEEPS 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FW_KEEPS 0
#endif
#endif
#ifndef FW_KEEPS
#define FW_KEEPS 1
#endif

/* In front of the memory, as wide as Arrow wants buffers aligned. */
typedef union fw_memory {
    struct {
        union fw_memory *next;
        unsigned size; /* its power of two */
    } kept;
    uint8_t width[64];
} fw_memory;

static fw_memory *fw_kept[FW_SIZES + 1];
static size_t fw_kept_bytes;
static char fw_kept_lock; /* Arrow gives memory back from any thread */

static inline void fw_lock(void) {
    while (__atomic_test_and_set(&fw_kept_lock, __ATOMIC_ACQUIRE)) {
    }
}

static inline void fw_unlock(void) { __atomic_clear(&fw_kept_lock, __ATOMIC_RELEASE); }

/* At least `bytes` of memory with anything in it, or NULL. */
static inline void *fw_take(size_t bytes) {
    unsigned size = FW_SMALLEST;
    fw_memory *memory = NULL;
    if (bytes > ((size_t)1 << 62)) return NULL;
    while (((size_t)1 << size) < bytes) size++;
    if (size <= FW_SIZES) {
        fw_lock();
        memory = fw_kept[size];
        if (memory) {
            fw_kept[size] = memory->kept.next;
            fw_kept_bytes -= (size_t)1 << size;
        }
        fw_unlock();
    }
    if (!memory) {
        /* Of what will not be kept, only as much as is wanted; C wants a multiple of the alignment. */
        size_t room = FW_KEEPS && size <= FW_SIZES ? (size_t)1 << size : (bytes + 63) & ~(size_t)63;
        memory = (fw_memory *)aligned_alloc(sizeof(fw_memory), sizeof(fw_memory) + room);
        if (!memory) return NULL;
        memory->kept.size = size;
    }
    return memory + 1;
}

/* Give memory of fw_take back; NULL is nothing. */
static inline void fw_give(void *pointer) {
    if (!pointer) return;
    fw_memory *memory = (fw_memory *)pointer - 1;
    unsigned size = memory->kept.size;
    if (FW_KEEPS && size <= FW_SIZES) {
        fw_lock();
        if (fw_kept_bytes + ((size_t)1 << size) <= FW_KEPT_BYTES) {
            memory->kept.next = fw_kept[size];
            fw_kept[size] = memory;
            fw_kept_bytes += (size_t)1 << size;
            memory = NULL;
        }
        fw_unlock();
    }
    free(memory);
}

/* As fw_take, with the first `used` bytes of `pointer`, which is given back. */
static inline void *fw_retake(void *pointer, size_t used, size_t bytes) {
    void *larger = fw_take(bytes);
    if (!larger) return NULL;
    if (used) memcpy(larger, pointer, used);
    fw_give(pointer);
    return larger;
}

#endif
