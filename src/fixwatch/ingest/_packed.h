/* Values as bytes that are the same on every machine: how an order keeps what was said of it.
 *
 * Integers are 7 bits a byte, signed ones folded so that small ones are short; a number is its digits without trailing
 * zeros, and how many zeros these were. */
#ifndef FW_PACKED_H
#define FW_PACKED_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "_rows.h"

/* Bytes on their way out; `at` NULL once there was no memory. */
typedef struct {
    uint8_t *bytes;
    size_t size, room;
    int failed;
} fw_bytes;

static inline int fw_room(fw_bytes *out, size_t more) {
    if (out->failed) return 0;
    if (out->size + more > out->room) {
        size_t room = (out->size + more) * 2 + 256;
        uint8_t *bytes = (uint8_t *)realloc(out->bytes, room);
        if (!bytes) {
            out->failed = 1;
            return 0;
        }
        out->bytes = bytes;
        out->room = room;
    }
    return 1;
}

static inline void fw_put(fw_bytes *out, const void *bytes, size_t size) {
    if (size && fw_room(out, size)) {
        memcpy(out->bytes + out->size, bytes, size);
        out->size += size;
    }
}

static inline void fw_put_byte(fw_bytes *out, uint8_t byte) { fw_put(out, &byte, 1); }

static inline void fw_put_u64(fw_bytes *out, uint64_t value) {
    uint8_t bytes[8];
    for (int i = 0; i < 8; i++) bytes[i] = (uint8_t)(value >> (8 * i));
    fw_put(out, bytes, 8);
}

static inline void fw_put_varint(fw_bytes *out, unsigned __int128 value) {
    uint8_t bytes[19];
    int size = 0;
    for (; value > 127; value >>= 7) bytes[size++] = (uint8_t)(value | 128);
    bytes[size++] = (uint8_t)value;
    fw_put(out, bytes, (size_t)size);
}

static inline unsigned __int128 fw_zigzag(__int128 value) {
    return value < 0 ? ~((unsigned __int128)value << 1) : (unsigned __int128)value << 1;
}

static inline __int128 fw_unzigzag(unsigned __int128 value) {
    return value & 1 ? (__int128)~(value >> 1) : (__int128)(value >> 1);
}

static inline void fw_put_signed(fw_bytes *out, __int128 value) { fw_put_varint(out, fw_zigzag(value)); }

/* Take up to 18 trailing zeros off; how many. One division of 128 bits, which is a slow function, and the rest in 64. */
static inline int fw_strip_zeros(__int128 *value) {
    const int64_t unit = 1000000000000000000;
    __int128 whole;
    int64_t rest, scale = 1;
    int zeros = 0;
    if (*value == 0) return 0;
    whole = *value / unit;
    rest = (int64_t)(*value - whole * unit);
    if (rest == 0) {
        *value = whole;
        return 18;
    }
    for (int step = 9; step; step = step == 9 ? 3 : step == 3 ? 1 : 0) {
        int64_t power = step == 9 ? 1000000000 : step == 3 ? 1000 : 10;
        while (rest % power == 0) {
            rest /= power;
            scale *= power;
            zeros += step;
        }
    }
    *value = whole * (unit / scale) + rest;
    return zeros;
}

static inline void fw_put_number(fw_bytes *out, __int128 value) {
    uint8_t zeros = (uint8_t)fw_strip_zeros(&value);
    fw_put_byte(out, zeros);
    fw_put_signed(out, value);
}

static inline void fw_put_text(fw_bytes *out, fw_text text) {
    fw_put_varint(out, (unsigned)text.size);
    fw_put(out, text.bytes, (size_t)text.size);
}

/* Bytes on their way in; whatever they are, nothing past the end is read. */
typedef struct {
    const uint8_t *at, *end;
    int failed;
} fw_reader;

static inline uint8_t fw_get_byte(fw_reader *in) {
    if (in->at == in->end) {
        in->failed = 1;
        return 0;
    }
    return *in->at++;
}

static inline uint64_t fw_get_u64(fw_reader *in) {
    uint64_t value = 0;
    for (int i = 0; i < 8; i++) value |= (uint64_t)fw_get_byte(in) << (8 * i);
    return value;
}

static inline unsigned __int128 fw_get_varint(fw_reader *in) {
    unsigned __int128 value = 0;
    for (int shift = 0; shift < 128; shift += 7) {
        uint8_t byte = fw_get_byte(in);
        value |= (unsigned __int128)(byte & 127) << shift;
        if (byte < 128) return value;
    }
    in->failed = 1;
    return 0;
}

static inline __int128 fw_get_signed(fw_reader *in) { return fw_unzigzag(fw_get_varint(in)); }

static inline __int128 fw_get_number(fw_reader *in) {
    uint8_t zeros = fw_get_byte(in);
    __int128 value = fw_get_signed(in);
    if (zeros > 18) {
        in->failed = 1;
        return 0;
    }
    int64_t power = 1;
    for (; zeros; zeros--) power *= 10;
    if (__builtin_mul_overflow(value, (__int128)power, &value)) in->failed = 1;
    return value;
}

static inline fw_text fw_get_text(fw_reader *in) {
    unsigned __int128 size = fw_get_varint(in);
    fw_text text = {in->at, 0};
    if (in->failed || size > (unsigned __int128)(in->end - in->at)) {
        in->failed = 1;
        return text;
    }
    text.size = (int32_t)size;
    in->at += size;
    return text;
}

#endif
