"""What a batch says of sessions: one loop over its rows. See `sessions.py`."""

import os

from libc.stdint cimport INT64_MAX, INT64_MIN, int32_t, int64_t, uint8_t, uint64_t
from libc.stdlib cimport free, malloc, qsort, realloc
from libc.string cimport memcmp, memset

from fixwatch.ingest._rows cimport fw_char_at, fw_has, fw_i32, fw_i64, fw_is, fw_text, fw_text_at, take_column

cdef extern from "_session_numbers.h" nogil:
    enum: FW_CHUNK_BITS, FW_CHUNK

cdef uint64_t SEED = int.from_bytes(os.urandom(8), "little")
cdef int64_t MINUTE_US = 60_000_000
#: No session comes this far, and further ones could not be counted with.
cdef int64_t MOST_NUMBER = 1_000_000_000_000_000_000
#: Characters of a Text(58) that an event keeps.
cdef int MOST_TEXT = 255

#: What `fold` reads of rows, besides the first three, in the order of the enum of `_sessions.pxd`.
READ = (
    "session_id", "sent", "kafka_time", "folded", "msg_type", "msg_seq_num", "poss_dup", "begin_string",
    "heart_bt_int", "reset_seq_num", "new_seq_no", "gap_fill", "test_req_id", "begin_seq_no", "end_seq_no",
    "ref_seq_num", "ref_tag_id", "ref_msg_type", "session_reject_reason", "business_reject_ref_id",
    "business_reject_reason", "dk_reason", "exec_id", "text",
)


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
    """What the rows of a batch say of sessions. `_session_merge.pyx` merges it with what is stored."""

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


cdef inline bint is_of_session(uint8_t msg_type) noexcept nogil:
    return b"0" <= msg_type <= b"5" or msg_type == b"A"
