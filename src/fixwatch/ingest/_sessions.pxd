"""What a batch says of sessions, as the loops over it see it."""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint64_t

from fixwatch.ingest._rows cimport fw_column, fw_text

cdef extern from "_groups.h" nogil:
    ctypedef struct fw_key:
        int64_t a, b
    ctypedef struct fw_groups:
        fw_key *keys
        int64_t count, room
        uint64_t seed
    int64_t fw_group(fw_groups *, int64_t a, int64_t b, fw_text text)
    void fw_free_groups(fw_groups *)

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


cdef class Sessions:
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

    cdef int read(self, int64_t rows, opened) except -1
    cdef int more_figures(self) except -1
    cdef void count_message(
        self, Figures *figures, int64_t row, uint8_t msg_type, int64_t sent, int64_t number, bint dup
    ) noexcept
    cdef int note(
        self, Figures *figures, int64_t row, uint8_t msg_type, int64_t sent, int64_t number, bint dup
    ) except -1
    cdef int out_of_hours(self, int64_t row, uint8_t msg_type, int64_t sent, bint dup) except -1
    cdef int64_t number(self, int column, int64_t row) noexcept
    cdef integer(self, int column, int64_t row)
    cdef text(self, int column, int64_t row)
    cdef int divide(self) except -1
    cdef void put_in_order(self, int64_t at, int64_t end) noexcept
    cdef list order(self)
