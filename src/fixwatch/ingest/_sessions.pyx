"""What a batch says of sessions: one loop over its rows, and how numbers are merged. See `sessions.py`."""

import os

from libc.stdint cimport INT64_MAX, INT64_MIN, int32_t, int64_t, uint8_t, uint64_t
from libc.stdlib cimport free, malloc, qsort, realloc
from libc.string cimport memcmp, memset

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE

from fixwatch.ingest._rows cimport (
    fw_char_at, fw_column, fw_has, fw_i32, fw_i64, fw_is, fw_text, fw_text_at, take_column,
)

cdef extern from "_groups.h" nogil:
    ctypedef struct fw_key:
        int64_t a, b
    ctypedef struct fw_groups:
        fw_key *keys
        int64_t count, room
        uint64_t seed
    int64_t fw_group(fw_groups *, int64_t a, int64_t b, fw_text text)
    void fw_free_groups(fw_groups *)

cdef extern from "_session_numbers.h" nogil:
    enum:
        FW_CHUNK_BITS
        FW_CHUNK
    const int64_t FW_BEFORE
    ctypedef struct fw_bytes:
        uint8_t *bytes
        size_t size
        int failed
    ctypedef struct fw_number:
        int64_t began, chunk, sent, count
        uint8_t offset, resent
    ctypedef struct fw_chunk_figures:
        uint64_t direct[3]
        uint64_t resent[3]
        int64_t direct_messages, direct_numbers, direct_pairs, seen_numbers, last_sent
    void fw_sort_numbers(fw_number *, int64_t)
    int64_t fw_unite_numbers(fw_number *, int64_t)
    int64_t fw_epoch_of(const int64_t *, const int64_t *, int64_t, int64_t, int64_t)
    void fw_put_numbers(fw_bytes *, const fw_number *, int64_t)
    int64_t fw_get_numbers(const uint8_t *, int64_t, int64_t, int64_t, fw_number *)
    void fw_count_numbers(const fw_number *, int64_t, fw_chunk_figures *)
    int fw_bit_at(const uint64_t *, int)

cdef uint64_t SEED = int.from_bytes(os.urandom(8), "little")
cdef int64_t MINUTE_US = 60_000_000
#: No session comes this far, and further ones could not be counted with.
cdef int64_t MOST_NUMBER = 1_000_000_000_000_000_000
#: Characters of a Text(58) that an event keeps.
cdef int MOST_TEXT = 255

#: What `fold` reads of rows, besides the first three, in the order of the enum below.
READ = (
    "session_id", "sent", "kafka_time", "folded", "msg_type", "msg_seq_num", "poss_dup", "begin_string",
    "heart_bt_int", "reset_seq_num", "new_seq_no", "gap_fill", "test_req_id", "begin_seq_no", "end_seq_no",
    "ref_seq_num", "ref_tag_id", "ref_msg_type", "session_reject_reason", "business_reject_ref_id",
    "business_reject_reason", "dk_reason", "exec_id", "text",
)

cdef enum:
    SESSION, SENT, KAFKA_TIME, FOLDED, MSG_TYPE, MSG_SEQ_NUM, POSS_DUP, BEGIN_STRING, HEART_BT_INT, RESET_SEQ_NUM,
    NEW_SEQ_NO, GAP_FILL, TEST_REQ_ID, BEGIN_SEQ_NO, END_SEQ_NO, REF_SEQ_NUM, REF_TAG_ID, REF_MSG_TYPE,
    SESSION_REJECT_REASON, BUSINESS_REJECT_REF_ID, BUSINESS_REJECT_REASON, DK_REASON, EXEC_ID, TEXT, COLUMNS

#: A moment and a MsgSeqNum(34): which of two messages was sent later.
cdef struct Sending:
    int64_t sent
    int64_t seq_num

cdef struct Figures:
    int64_t messages, application_messages, poss_dups, logons, logouts, resets, rejects, business_rejects
    int64_t dont_know_trades, resend_requests, test_requests
    int64_t first_seen, last_seen
    Sending last
    fw_text begin_string
    Sending heart
    int64_t heart_bt_int
    Sending state
    int logged_on

cdef struct Number:
    int64_t number
    int64_t sent
    int32_t group
    uint8_t resent


cdef inline int compare(Sending a, Sending b) noexcept nogil:
    if a.sent != b.sent:
        return -1 if a.sent < b.sent else 1
    return (a.seq_num > b.seq_num) - (a.seq_num < b.seq_num)


cdef inline int compare_texts(fw_text a, fw_text b) noexcept nogil:
    cdef int32_t size = a.size if a.size < b.size else b.size
    cdef int order = memcmp(a.bytes, b.bytes, <size_t>size) if size > 0 else 0
    return order if order else (a.size > b.size) - (a.size < b.size)


cdef int by_number(const void *left, const void *right) noexcept nogil:
    cdef const Number *a = <const Number *>left
    cdef const Number *b = <const Number *>right
    if a.number != b.number:
        return -1 if a.number < b.number else 1
    return (a.sent > b.sent) - (a.sent < b.sent)


cdef class Sessions:
    """What the rows of a batch say of sessions. It is merged with what is stored as often as one likes."""

    cdef fw_column columns[COLUMNS]
    cdef object keeper
    cdef fw_groups groups
    cdef Figures *figures
    cdef int64_t room
    cdef Number *numbers
    cdef int64_t count
    cdef int64_t *ends  # of each group's numbers
    #: (session_id, moment, kind, first number) of resets, and events as `sessions.EVENTS` has them.
    cdef readonly list resets
    cdef readonly list events

    def __cinit__(self, list columns, opened):
        """`columns`: Arrow arrays, as `READ`; `opened`: int32, 0 where a row's session was to be closed, or None."""
        cdef int64_t rows = len(columns[0])
        cdef int i
        if len(columns) != COLUMNS:
            raise ValueError("as many columns as READ names")
        self.keeper = [take_column(&self.columns[i], columns[i]) for i in range(COLUMNS)]
        memset(&self.groups, 0, sizeof(fw_groups))
        self.groups.seed = SEED
        self.resets = []
        self.events = []
        self.numbers = <Number *>malloc((<size_t>rows + 1) * sizeof(Number))
        if self.numbers is NULL:
            raise MemoryError
        self.read(rows, opened)
        self.divide()

    def __dealloc__(self):
        fw_free_groups(&self.groups)
        free(self.figures)
        free(self.numbers)
        free(self.ends)

    cdef int read(self, int64_t rows, opened) except -1:
        cdef fw_column *column = self.columns
        cdef fw_column is_open
        cdef fw_text none
        cdef int64_t row, group, sent, number
        cdef bint dup
        cdef uint8_t msg_type
        cdef Number *next_number
        none.bytes = NULL
        none.size = -1
        if opened is not None:
            keeper = take_column(&is_open, opened)
        for row in range(rows):
            if not (fw_is(&column[FOLDED], row) and fw_has(&column[SESSION], row)):
                continue
            group = fw_group(&self.groups, fw_i32(&column[SESSION], row), 0, none)
            if group < 0:
                raise MemoryError
            if group >= self.room:
                self.more_figures()
            msg_type = fw_char_at(&column[MSG_TYPE], row)
            sent = fw_i64(&column[SENT], row)
            dup = fw_is(&column[POSS_DUP], row)
            number = self.number(MSG_SEQ_NUM, row)
            self.count_message(&self.figures[group], row, msg_type, sent, number, dup)
            if not (opened is None or fw_i32(&is_open, row)):
                self.out_of_hours(row, msg_type, sent, dup)
            if is_of_session(msg_type) or msg_type == b"j" or msg_type == b"Q":
                self.note(&self.figures[group], row, msg_type, sent, number, dup)
            # A SequenceReset's own number is that of what it fills, or none.
            if number > 0 and msg_type != b"4":
                next_number = &self.numbers[self.count]
                self.count += 1
                next_number.number = number
                # A Logout is never after a reset that comes in the same moment.
                next_number.sent = sent - (msg_type == b"5" and sent > INT64_MIN)
                next_number.group = <int32_t>group
                next_number.resent = dup
        return 0

    cdef int more_figures(self) except -1:
        cdef int64_t room = self.room * 2 if self.room else 64
        cdef Figures *figures = <Figures *>realloc(self.figures, <size_t>room * sizeof(Figures))
        cdef int64_t group
        if figures is NULL:
            raise MemoryError
        self.figures = figures
        memset(figures + self.room, 0, <size_t>(room - self.room) * sizeof(Figures))
        for group in range(self.room, room):
            figures[group].first_seen = INT64_MAX
            figures[group].last_seen = figures[group].last.sent = INT64_MIN
            figures[group].heart.sent = figures[group].state.sent = INT64_MIN
        self.room = room
        return 0

    cdef void count_message(
        self, Figures *figures, int64_t row, uint8_t msg_type, int64_t sent, int64_t number, bint dup
    ) noexcept:
        cdef fw_column *column = self.columns
        cdef int64_t seen = fw_i64(&column[KAFKA_TIME], row), beat
        cdef fw_text begin_string
        cdef Sending sending
        cdef int order
        cdef bint on
        sending.sent = sent
        sending.seq_num = number
        figures.messages += 1
        figures.application_messages += not is_of_session(msg_type)
        figures.poss_dups += dup
        figures.logons += msg_type == b"A"
        figures.logouts += msg_type == b"5"
        figures.rejects += msg_type == b"3"
        figures.business_rejects += msg_type == b"j"
        figures.dont_know_trades += msg_type == b"Q"
        figures.resend_requests += msg_type == b"2"
        figures.test_requests += msg_type == b"1"
        if seen < figures.first_seen:
            figures.first_seen = seen
        if seen > figures.last_seen:
            figures.last_seen = seen
        order = compare(sending, figures.last)
        if order >= 0:
            begin_string = fw_text_at(&column[BEGIN_STRING], row)
            if order > 0 or compare_texts(begin_string, figures.begin_string) > 0:
                figures.last = sending
                figures.begin_string = begin_string
        if dup:
            return
        if msg_type == b"A" and fw_has(&column[HEART_BT_INT], row):
            beat = fw_i64(&column[HEART_BT_INT], row)
            order = compare(sending, figures.heart)
            if order > 0 or (order == 0 and beat > figures.heart_bt_int):
                figures.heart = sending
                figures.heart_bt_int = beat
        if msg_type == b"A" or msg_type == b"5":
            on = msg_type == b"A"
            order = compare(sending, figures.state)
            if order > 0 or (order == 0 and on > figures.logged_on):
                figures.state = sending
                figures.logged_on = on

    cdef int note(
        self, Figures *figures, int64_t row, uint8_t msg_type, int64_t sent, int64_t number, bint dup
    ) except -1:
        """What is rare: resets and events."""
        cdef fw_column *column = self.columns
        cdef int64_t new
        session_id = fw_i32(&column[SESSION], row)
        kind = None
        begin = end = ref_seq_num = ref_tag = ref_type = reason = ref_id = None
        if msg_type == b"A":
            kind = "logon"
            if not dup and (number == 1 or fw_is(&column[RESET_SEQ_NUM], row)):
                figures.resets += 1
                by = "logon_reset" if fw_is(&column[RESET_SEQ_NUM], row) else "logon"
                self.resets.append((session_id, sent, by, number if number > 0 else 1))
        elif msg_type == b"5":
            kind = "logout"
        elif msg_type == b"4":
            new = self.number(NEW_SEQ_NO, row)
            if fw_is(&column[GAP_FILL], row):
                kind = "gap_fill"
                begin = number if number > 0 else None
                end = new - 1 if new > 0 else None
            else:
                kind = "reset"
                begin = new if new > 0 else None
                if new > 0:
                    figures.resets += 1
                    self.resets.append((session_id, sent, "sequence_reset", new))
        elif msg_type == b"2":
            kind = "resend_request"
            begin = self.integer(BEGIN_SEQ_NO, row)
            end = self.integer(END_SEQ_NO, row)
        elif msg_type == b"1":
            kind = "test_request"
            ref_id = self.text(TEST_REQ_ID, row)
        elif msg_type == b"0":
            # Only one that answers a test request says anything.
            if not fw_has(&column[TEST_REQ_ID], row):
                return 0
            kind = "heartbeat"
            ref_id = self.text(TEST_REQ_ID, row)
        else:
            kind = "reject" if msg_type == b"3" else "business_reject" if msg_type == b"j" else "dont_know_trade"
            ref_seq_num = self.integer(REF_SEQ_NUM, row)
            ref_type = self.text(REF_MSG_TYPE, row)
            if msg_type == b"3":
                ref_tag = self.integer(REF_TAG_ID, row)
                reason = self.integer(SESSION_REJECT_REASON, row)
            elif msg_type == b"j":
                ref_id = self.text(BUSINESS_REJECT_REF_ID, row)
                reason = self.integer(BUSINESS_REJECT_REASON, row)
            else:
                ref_id = self.text(EXEC_ID, row)
                reason = self.text(DK_REASON, row)
        self.events.append((
            session_id, sent, number, kind, begin, end, ref_seq_num, ref_tag, ref_type,
            None if reason is None else str(reason), ref_id, self.text(TEXT, row),
        ))
        return 0

    cdef int out_of_hours(self, int64_t row, uint8_t msg_type, int64_t sent, bint dup) except -1:
        """A minute in which a session that was to be closed logged on, or sent application messages."""
        cdef int64_t within = sent % MINUTE_US
        if not dup and (msg_type == b"A" or not is_of_session(msg_type)):
            minute = sent - within - (MINUTE_US if within < 0 else 0)
            session_id = fw_i32(&self.columns[SESSION], row)
            self.events.append((session_id, minute, 0, "out_of_hours", *(None,) * 8))
        return 0

    cdef int64_t number(self, int column, int64_t row) noexcept:
        """A sequence number; 0: there is none, or none that a session may have."""
        cdef int64_t number = fw_i64(&self.columns[column], row) if fw_has(&self.columns[column], row) else 0
        return number if 0 < number <= MOST_NUMBER else 0

    cdef integer(self, int column, int64_t row):
        return fw_i64(&self.columns[column], row) if fw_has(&self.columns[column], row) else None

    cdef text(self, int column, int64_t row):
        cdef fw_text text = fw_text_at(&self.columns[column], row)
        return None if text.size < 0 else text.bytes[:text.size].decode()[:MOST_TEXT]

    cdef int divide(self) except -1:
        """Put the numbers of each session together, in their order."""
        cdef int64_t at, group, end, groups = self.groups.count
        cdef Number *divided = <Number *>malloc((<size_t>self.count + 1) * sizeof(Number))
        self.ends = <int64_t *>malloc((<size_t>groups + 1) * sizeof(int64_t))
        if divided is NULL or self.ends is NULL:
            free(divided)
            raise MemoryError
        memset(self.ends, 0, (<size_t>groups + 1) * sizeof(int64_t))
        for at in range(self.count):
            self.ends[self.numbers[at].group + 1] += 1
        for group in range(groups):
            self.ends[group + 1] += self.ends[group]
        # `ends[group]` is where the group begins; it moves on to its end, which is where the next one begins.
        for at in range(self.count):
            group = self.numbers[at].group
            divided[self.ends[group]] = self.numbers[at]
            self.ends[group] += 1
        free(self.numbers)
        self.numbers = divided
        at = 0
        for group in range(groups):
            end = self.ends[group]
            self.put_in_order(at, end)
            at = end
        return 0

    cdef void put_in_order(self, int64_t at, int64_t end) noexcept:
        cdef int64_t one
        for one in range(at + 1, end):
            if by_number(&self.numbers[one - 1], &self.numbers[one]) > 0:
                qsort(self.numbers + at, <size_t>(end - at), sizeof(Number), by_number)
                return

    cdef list order(self):
        """The groups in the order of their sessions."""
        return [group for _, group in sorted((self.groups.keys[group].a, group) for group in range(self.groups.count))]

    def figures_of(self):
        """A tuple a session, by session: as `sessions.FIGURES`."""
        cdef Figures *one
        cdef int64_t group
        found = []
        for group in self.order():
            one = &self.figures[group]
            found.append((
                self.groups.keys[group].a, one.messages, one.application_messages, one.poss_dups, one.logons,
                one.logouts, one.resets, one.rejects, one.business_rejects, one.dont_know_trades, one.resend_requests,
                one.test_requests, one.first_seen, one.last_seen, one.last.sent, one.last.seq_num,
                None if one.begin_string.size < 0 else one.begin_string.bytes[:one.begin_string.size].decode(),
                None if one.heart.sent == INT64_MIN else one.heart.sent, one.heart.seq_num,
                None if one.heart.sent == INT64_MIN else one.heart_bt_int,
                None if one.state.sent == INT64_MIN else one.state.sent, one.state.seq_num,
                None if one.state.sent == INT64_MIN else bool(one.logged_on),
            ))
        return found

    def touched(self):
        """The chunks that numbers fall in, and between which moments these were sent: lists of session, chunk, the
        first moment and the last one; sorted by the first two."""
        cdef int64_t group, at, chunk, low, last, where
        cdef Number *number
        sessions, chunks, firsts, lasts = [], [], [], []
        for group in self.order():
            session_id = self.groups.keys[group].a
            last = -1
            for at in range(self.ends[group - 1] if group else 0, self.ends[group]):
                number = &self.numbers[at]
                chunk = number.number >> FW_CHUNK_BITS
                # The first number of a chunk is the chunk before's too.
                low = chunk - 1 if number.number & (FW_CHUNK - 1) == 0 and chunk else chunk
                while low <= chunk:
                    if last < low:
                        last = low
                        sessions.append(session_id)
                        chunks.append(low)
                        firsts.append(number.sent)
                        lasts.append(number.sent)
                    else:
                        # The chunk before the last one was met right before it.
                        where = len(chunks) - 1 - (last - low)
                        firsts[where] = min(firsts[where], number.sent)
                        lasts[where] = max(lasts[where], number.sent)
                    low += 1
        return sessions, chunks, firsts, lasts

    def merge(self, dict epochs, dict stored):
        """What the chunks come to.

        `epochs`: by session, sorted lists of when epochs began and of their first numbers, all that what was sent
        may be of; `stored`: by session, by (begin of the epoch, chunk) what is stored. The epoch before every reset
        begins at None. Returns lists: session, epoch, chunk, entries, direct and resent numbers (as Postgres writes
        multiranges), direct_messages, direct_numbers, direct_pairs, seen_numbers, last_sent; only of what is another
        than before. Of a chunk that has no numbers any more, entries are empty.
        """
        cdef Merger merger = Merger()
        cdef int64_t group
        for group in self.order():
            session_id = self.groups.keys[group].a
            begins, firsts = epochs.get(session_id, ((), ()))
            merger.begin(session_id, begins, firsts, stored.get(session_id, {}))
            merger.add(self.numbers + (self.ends[group - 1] if group else 0), self.numbers + self.ends[group])
            merger.finish()
        return merger.found


cdef class Merger:
    """Merges chunks, one session after the other."""

    cdef fw_number *items
    cdef int64_t room, count
    cdef int64_t *begins
    cdef int64_t *firsts
    cdef int64_t epochs
    cdef fw_bytes bytes
    cdef object session_id
    cdef dict stored
    cdef readonly list found

    def __cinit__(self):
        self.found = [[] for _ in range(11)]

    def __dealloc__(self):
        free(self.items)
        free(self.begins)
        free(self.bytes.bytes)

    cdef int more(self, int64_t count) except -1:
        cdef fw_number *items
        if self.count + count > self.room:
            self.room = (self.count + count) * 2
            items = <fw_number *>realloc(self.items, <size_t>self.room * sizeof(fw_number))
            if items is NULL:
                raise MemoryError
            self.items = items
        return 0

    cdef int begin(self, session_id, begins, firsts, dict stored) except -1:
        cdef int64_t at, count, epoch, chunk
        cdef bytes entries
        self.session_id = session_id
        self.stored = stored
        self.count = 0
        self.epochs = len(begins)
        free(self.begins)
        self.begins = <int64_t *>malloc((2 * <size_t>self.epochs + 1) * sizeof(int64_t))
        if self.begins is NULL:
            raise MemoryError
        self.firsts = self.begins + self.epochs
        for at in range(self.epochs):
            self.begins[at] = begins[at]
            self.firsts[at] = firsts[at]
        for (began, chunk), entries in stored.items():
            epoch = FW_BEFORE if began is None else began
            self.more(PyBytes_GET_SIZE(entries))
            count = fw_get_numbers(
                <const uint8_t *>PyBytes_AS_STRING(entries), PyBytes_GET_SIZE(entries), epoch, chunk,
                self.items + self.count,
            )
            if count < 0:
                raise ValueError(f"what is stored of the numbers of session {session_id} is damaged")
            for at in range(self.count, self.count + count):
                self.place(&self.items[at], chunk * FW_CHUNK + self.items[at].offset)
            self.count += count
        return 0

    cdef inline void place(self, fw_number *item, int64_t number) noexcept:
        item.began = fw_epoch_of(self.begins, self.firsts, self.epochs, item.sent, number)

    cdef int add(self, const Number *at, const Number *end) except -1:
        cdef fw_number *item
        cdef int64_t number
        self.more(2 * (end - at))
        while at < end:
            number = at.number
            item = &self.items[self.count]
            item.chunk = number >> FW_CHUNK_BITS
            item.offset = <uint8_t>(number & (FW_CHUNK - 1))
            item.resent = at.resent
            item.sent = at.sent
            item.count = 1
            self.place(item, number)
            self.count += 1
            if item.offset == 0 and item.chunk:
                # What comes first here is sorted last there.
                self.items[self.count] = item[0]
                item.chunk -= 1
                item.offset = FW_CHUNK
                self.count += 1
            at += 1
        return 0

    cdef int finish(self) except -1:
        cdef int64_t at = 0, end
        fw_sort_numbers(self.items, self.count)
        self.count = fw_unite_numbers(self.items, self.count)
        left = set(self.stored)
        while at < self.count:
            end = at + 1
            while (
                end < self.count
                and self.items[end].began == self.items[at].began
                and self.items[end].chunk == self.items[at].chunk
            ):
                end += 1
            key = (None if self.items[at].began == FW_BEFORE else self.items[at].began, self.items[at].chunk)
            left.discard(key)
            self.put(key, at, end)
            at = end
        for key in sorted(left, key=lambda key: (key[0] is not None, key)):
            self.append((self.session_id, *key, b"", "{}", "{}", 0, 0, 0, 0, None))
        return 0

    cdef int put(self, tuple key, int64_t at, int64_t end) except -1:
        cdef fw_chunk_figures figures
        cdef int64_t base = self.items[at].chunk * FW_CHUNK
        self.bytes.size = 0
        fw_put_numbers(&self.bytes, self.items + at, end - at)
        if self.bytes.failed:
            raise MemoryError
        entries = PyBytes_FromStringAndSize(<char *>self.bytes.bytes, <Py_ssize_t>self.bytes.size)
        if self.stored.get(key) == entries:
            return 0
        fw_count_numbers(self.items + at, end - at, &figures)
        self.append((
            self.session_id, *key, entries, ranges(figures.direct, base), ranges(figures.resent, base),
            figures.direct_messages, figures.direct_numbers, figures.direct_pairs, figures.seen_numbers,
            figures.last_sent,
        ))
        return 0

    cdef int append(self, tuple row) except -1:
        for column, value in zip(self.found, row):
            column.append(value)
        return 0


cdef str ranges(const uint64_t *bits, int64_t base):
    """The chunk's own numbers, as a multirange is written."""
    cdef int offset = 0, begin
    found = []
    while offset < FW_CHUNK:
        begin = offset
        while offset < FW_CHUNK and fw_bit_at(bits, offset):
            offset += 1
        if offset > begin:
            found.append(f"[{base + begin},{base + offset})")
        offset += 1
    return "{" + ",".join(found) + "}"


cdef inline bint is_of_session(uint8_t msg_type) noexcept nogil:
    return b"0" <= msg_type <= b"5" or msg_type == b"A"
