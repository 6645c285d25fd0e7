/* A message's fields against the dictionary, and which of them are inside repeating groups.
 *
 * QuickFIX stops at the first defect it meets and looks at things in its own order: structure, MsgType(35),
 * required tags, then header, trailer and body, each sorted by tag. Here all defects are found in one walk in
 * the message's order, and each has a rank that says when QuickFIX would have met it. What QuickFIX does not
 * look at (values inside groups, counts of nested groups, formats such as MonthYear) ranks behind.
 */
#ifndef FIXWATCH_CHECKS_H
#define FIXWATCH_CHECKS_H

#include "_defects.h"
#include "_formats.h"
#include "_tokens.h"

/* Tags from here on are not looked for twice in a message, and cannot be required. */
#define FW_SEEN_TAGS 65536
/* Groups inside groups: the standard versions have 4; fields of deeper ones are not told apart. */
#define FW_LEVELS 8

enum {
    FW_PHASE_COMP_ID = 1,
    FW_PHASE_VERSION = 2,
    FW_PHASE_ORDER = 3,
    FW_PHASE_MSG_TYPE = 4,
    FW_PHASE_REQUIRED = 5,
    FW_PHASE_HEADER = 6,
    FW_PHASE_TRAILER = 7,
    FW_PHASE_BODY = 8,
    FW_PHASE_BEYOND = 9, /* what QuickFIX does not look at */
    FW_PHASE_COLUMN = 10
};

/* Of one field, the checks in QuickFIX's order. */
enum { FW_CHECK_TWICE, FW_CHECK_EMPTY, FW_CHECK_FORMAT, FW_CHECK_ENUM, FW_CHECK_TAG, FW_CHECK_MESSAGE,
       FW_CHECK_COUNT };

typedef struct {
    const fw_dictionary *session; /* header and trailer; NULL: version unknown */
    const fw_dictionary *body;    /* of the application version; NULL: unknown */
    uint32_t context;             /* of the message, FW_NO_CONTEXT: MsgType(35) unknown */
    int tolerant;                 /* user-defined tags pass */
    int ordered;                  /* members of a group must stand in the dictionary's order */
    int record;                   /* defects are wanted: not of a garbled message */
    int32_t row;
    const uint8_t *p;
    fw_field *fields;
    size_t count;
    fw_defects *defects;
    uint64_t *seen;  /* FW_LEVELS + 1 tables by tag: the message or instance that had it last */
    uint64_t serial; /* of the message, then of each group instance */
    uint64_t message;
} fw_check;

static inline uint64_t fw_rank(int phase, uint64_t major, size_t minor, int check) {
    if (minor > 0xFFFF) minor = 0xFFFF;
    if (phase >= FW_PHASE_BEYOND) major = 0; /* the message's order */
    return (uint64_t)phase << 60 | major << 24 | (uint64_t)minor << 8 | (uint64_t)check;
}

/* Where QuickFIX sorts a tag within its part of the message. */
static inline uint64_t fw_sorted(int section, int32_t tag) {
    if (section == FW_HEADER && (tag == 8 || tag == 9 || tag == 35)) return tag == 8 ? 0 : tag == 9 ? 1 : 2;
    if (section == FW_TRAILER && (tag == 93 || tag == 89)) return tag == 93 ? 0 : 1;
    if (section == FW_TRAILER && tag == 10) return UINT32_MAX;
    return (uint64_t)((int64_t)tag + 2147483648);
}

static inline void fw_note(fw_check *c, uint8_t reason, int32_t tag, uint64_t rank) {
    if (c->record) fw_defect(c->defects, c->row, reason, tag, rank);
}

static inline uint64_t *fw_seen(fw_check *c, int level, int32_t tag) {
    return &c->seen[(size_t)level * FW_SEEN_TAGS + (size_t)tag];
}

/* The checks of a value that are the same everywhere. */
static inline void fw_check_value(fw_check *c, const fw_dictionary *d, uint32_t number, size_t i, int phase,
                                  uint64_t major) {
    fw_field *field = &c->fields[i];
    const uint8_t *value = c->p + field->start;
    field->number = (uint16_t)number;
    field->session = d == c->session;
    if (field->length == 0) {
        fw_note(c, FW_TAG_WITHOUT_VALUE, field->tag, fw_rank(phase, major, i, FW_CHECK_EMPTY));
        return;
    }
    if (number == 0) return;
    uint8_t type = d->type[number];
    if (!fw_has_format(type, value, field->length)) {
        if (type >= FW_TYPE_LOCAL_DATE) phase = FW_PHASE_BEYOND;
        fw_note(c, FW_INCORRECT_DATA_FORMAT, field->tag, fw_rank(phase, major, i, FW_CHECK_FORMAT));
    } else if (!fw_in_enum(d, number, value, field->length) && field->tag != 35) {
        fw_note(c, FW_VALUE_OUT_OF_RANGE, field->tag, fw_rank(phase, major, i, FW_CHECK_ENUM));
    }
}

static inline void fw_check_count(fw_check *c, size_t i, int64_t instances, int phase, uint64_t major) {
    fw_field *field = &c->fields[i];
    field->counter = 1;
    int64_t said = 0;
    int outcome = fw_int(c->p + field->start, field->length, &said);
    if (outcome == FW_BAD_FORMAT || (outcome == FW_OK && said == instances)) return;
    fw_note(c, FW_GROUP_COUNT_WRONG, field->tag, fw_rank(phase, major, i, FW_CHECK_COUNT));
}

static inline void fw_check_instance(fw_check *c, const fw_dictionary *d, uint32_t context, int level,
                                     uint64_t instance, size_t i) {
    const fw_context *group = &d->contexts[context];
    for (uint32_t k = 0; k < group->required_count; k++) {
        int32_t tag = d->required_tag[group->required + k];
        if (tag < FW_SEEN_TAGS && *fw_seen(c, level, tag) != instance)
            fw_note(c, FW_REQUIRED_TAG_MISSING, tag, fw_rank(FW_PHASE_REQUIRED, (uint64_t)3 << 32, i, 0));
    }
}

/* Tags without a definition between members of a group belong to it, where such tags may be: how many of them
 * stand at `i` in front of the next member. */
static inline size_t fw_foreign(const fw_check *c, const fw_dictionary *d, uint32_t context, size_t i) {
    size_t next = i;
    while (next < c->count && c->fields[next].tag > 0 && fw_number_of(d, c->fields[next].tag) == 0) next++;
    return next < c->count && fw_is_member(d, context, fw_number_of(d, c->fields[next].tag)) ? next - i : 0;
}

/* A member of an instance whose members so far reached the place `reached`, 0: it is the first. Returns how far they
 * reach now. */
static inline uint32_t fw_check_place(fw_check *c, const fw_dictionary *d, uint32_t context, uint32_t number,
                                      size_t i, uint32_t reached) {
    uint32_t place = fw_place_of(d, context, number, reached);
    if (reached ? place <= reached : place != 1)
        fw_note(c, FW_GROUP_FIELDS_OUT_OF_ORDER, c->fields[i].tag, fw_rank(FW_PHASE_BEYOND, 0, i, FW_CHECK_TWICE));
    return place > reached ? place : reached;
}

/* Read the instances of the group that fields[at] counts. An instance begins with the delimiter, or with any
 * member that the one before has already. Returns where the group ends, and in `instances` how many there are. */
static size_t fw_read_group(fw_check *c, const fw_dictionary *d, uint32_t context, size_t at, int level,
                            int64_t *instances) {
    uint64_t instance = 0;
    uint32_t reached = 0;
    size_t i = at + 1;
    *instances = 0;
    while (i < c->count) {
        fw_field *field = &c->fields[i];
        uint32_t number = fw_number_of(d, field->tag);
        if (number == 0 || !fw_is_member(d, context, number)) {
            size_t foreign = c->tolerant && instance && number == 0 ? fw_foreign(c, d, context, i) : 0;
            if (foreign == 0) break;
            for (; foreign; foreign--) {
                c->fields[i].depth = (uint8_t)level;
                fw_check_value(c, d, 0, i, FW_PHASE_BEYOND, 0);
                if (c->fields[i].tag < FW_USER_TAGS)
                    fw_note(c, FW_INVALID_TAG_NUMBER, c->fields[i].tag, fw_rank(FW_PHASE_BEYOND, 0, i, 0));
                i++;
            }
            continue;
        }
        uint64_t *seen = field->tag < FW_SEEN_TAGS ? fw_seen(c, level, field->tag) : NULL;
        if (instance == 0 || number == d->contexts[context].delimiter || (seen && *seen == instance)) {
            if (instance) fw_check_instance(c, d, context, level, instance, i);
            instance = ++c->serial;
            ++*instances;
            field->first = 1;
            reached = 0;
        }
        if (c->ordered) reached = fw_check_place(c, d, context, number, i, reached);
        if (seen) *seen = instance;
        field->depth = (uint8_t)level;
        fw_check_value(c, d, number, i, FW_PHASE_BEYOND, 0);
        uint32_t inner = level < FW_LEVELS ? fw_group_of(d, context, number) : FW_NO_CONTEXT;
        if (inner == FW_NO_CONTEXT) {
            i++;
        } else {
            int64_t found;
            size_t counter = i;
            i = fw_read_group(c, d, inner, i, level + 1, &found);
            fw_check_count(c, counter, found, FW_PHASE_BEYOND, 0);
        }
    }
    if (instance) fw_check_instance(c, d, context, level, instance, i);
    return i;
}

/* A field at the root: all checks of it, and of its group. Returns the index behind it. */
static inline size_t fw_check_field(fw_check *c, size_t i, int section) {
    const fw_field *field = &c->fields[i];
    const fw_dictionary *d = section == FW_BODY ? c->body : c->session;
    int phase = section == FW_HEADER ? FW_PHASE_HEADER : section == FW_TRAILER ? FW_PHASE_TRAILER : FW_PHASE_BODY;
    uint64_t major = fw_sorted(section, field->tag);
    uint32_t number = d ? fw_number_of(d, field->tag) : 0;
    if (field->tag > 0 && field->tag < FW_SEEN_TAGS) {
        uint64_t *seen = fw_seen(c, 0, field->tag);
        if (*seen == c->message)
            fw_note(c, FW_TAG_APPEARS_MORE_THAN_ONCE, field->tag, fw_rank(phase, major, i, FW_CHECK_TWICE));
        *seen = c->message;
    }
    fw_check_value(c, d, number, i, phase, major);
    if (field->tag <= 0) {
        fw_note(c, FW_INVALID_TAG_NUMBER, field->tag, fw_rank(phase, major, i, FW_CHECK_TAG));
        return i + 1;
    }
    if (!d) return i + 1;
    int passes = c->tolerant && field->tag >= FW_USER_TAGS;
    if (number == 0) {
        if (!passes) fw_note(c, FW_INVALID_TAG_NUMBER, field->tag, fw_rank(phase, major, i, FW_CHECK_TAG));
        return i + 1;
    }
    uint32_t context = section == FW_HEADER ? d->header : section == FW_TRAILER ? d->trailer : c->context;
    if (context == FW_NO_CONTEXT) return i + 1;
    if (section == FW_BODY && !passes && !fw_is_member(d, context, number))
        fw_note(c, FW_TAG_NOT_DEFINED_FOR_MESSAGE, field->tag, fw_rank(phase, major, i, FW_CHECK_MESSAGE));
    uint32_t group = fw_group_of(d, context, number);
    if (group == FW_NO_CONTEXT) return i + 1;
    int64_t instances;
    size_t next = fw_read_group(c, d, group, i, 1, &instances);
    fw_check_count(c, i, instances, section == FW_BODY ? phase : FW_PHASE_BEYOND, major);
    return next;
}

static inline void fw_check_required(fw_check *c, const fw_dictionary *d, uint32_t context, int section) {
    const fw_context *part = &d->contexts[context];
    for (uint32_t k = 0; k < part->required_count; k++) {
        int32_t tag = d->required_tag[part->required + k];
        if (tag >= FW_SEEN_TAGS || *fw_seen(c, 0, tag) == c->message) continue;
        uint64_t major = ((uint64_t)section << 32) | (uint32_t)tag;
        int phase = tag == 49 || tag == 56 ? FW_PHASE_COMP_ID : FW_PHASE_REQUIRED;
        fw_note(c, FW_REQUIRED_TAG_MISSING, tag, fw_rank(phase, major, 0, 0));
    }
}

/* Walk a tokenised message: set the depth of its fields and, with c->record, note its defects. */
static inline void fw_check_message(fw_check *c) {
    int section = FW_HEADER;
    size_t i = 0;
    c->message = ++c->serial;
    while (i < c->count) {
        int32_t tag = c->fields[i].tag;
        if (tag == FW_NO_TAG) {
            i++;
            continue;
        }
        int part = c->session ? fw_section_of(c->session, tag) : FW_BODY;
        if (c->session) {
            if ((part == FW_HEADER && section != FW_HEADER) || (part == FW_BODY && section == FW_TRAILER))
                fw_note(c, FW_TAG_OUT_OF_ORDER, tag, fw_rank(FW_PHASE_ORDER, i, 0, 0));
            if (part != FW_HEADER) section = part;
        }
        i = fw_check_field(c, i, part);
    }
    if (!c->session) return;
    fw_check_required(c, c->session, c->session->header, 0);
    fw_check_required(c, c->session, c->session->trailer, 1);
    if (!c->body) return;
    if (c->context == FW_NO_CONTEXT)
        fw_note(c, FW_INVALID_MSG_TYPE, 35, fw_rank(FW_PHASE_MSG_TYPE, 0, 0, 0));
    else
        fw_check_required(c, c->body, c->context, 2);
}

#endif
