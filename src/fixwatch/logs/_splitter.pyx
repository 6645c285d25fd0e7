"""Messages out of a block of a log: what `fix.log_lines` reads from a stream, for files of gigabytes.

The rules are those of `fix.log_lines`, which a test holds this against; here they run over a block at a time and
the messages end in one buffer, with no object a line.
"""

from cpython cimport array
from libc.string cimport memchr, memcpy

from array import array as new_array

from fixwatch.fix.log_lines import MAX_CONTINUATION_LINES, MAX_LINE_BYTES

cdef enum:
    SOH = 1
    NEWLINE = 10
    BEGIN_LENGTH = 5  # 8=FIX
    END_LENGTH = 6  # 10=ddd, without delimiters

cdef int CARET_A = 2  # stands for the delimiter ^A, of two bytes

cdef long long LONGEST_LINE = MAX_LINE_BYTES
cdef long long MOST_LINES = MAX_CONTINUATION_LINES


cdef struct Text:
    # The bytes between `start` and `end`; nothing outside of them is looked at.
    const unsigned char *data
    Py_ssize_t start
    Py_ssize_t end


cdef inline bint is_digit(unsigned char byte) noexcept nogil:
    return c'0' <= byte <= c'9'


cdef inline bint is_blank(unsigned char byte) noexcept nogil:
    return byte == c' ' or 9 <= byte <= 13


cdef inline Py_ssize_t find(Text text, int byte) noexcept nogil:
    """Where a byte is first, or -1."""
    if text.start >= text.end:
        return -1
    cdef const void *found = memchr(text.data + text.start, byte, text.end - text.start)
    return -1 if found is NULL else <const unsigned char *>found - text.data


cdef Py_ssize_t find_begin(Text text) noexcept nogil:
    """Where `8=FIX` is first, or -1. The F is looked for: it is rarer than the 8."""
    cdef Py_ssize_t first = text.start
    cdef Py_ssize_t at
    text.start += 2
    while (at := find(text, c'F')) >= 0 and at + 2 < text.end:
        if (
            text.data[at - 1] == c'='
            and text.data[at - 2] == c'8'
            and text.data[at + 1] == c'I'
            and text.data[at + 2] == c'X'
            and at - 2 >= first
        ):
            return at - 2
        text.start = at + 1
    return -1


cdef Py_ssize_t find_line_begin(Text text) noexcept nogil:
    """As find_begin, but not behind a digit: 108=FIX is another field."""
    cdef Py_ssize_t first = text.start
    cdef Py_ssize_t at
    while (at := find_begin(text)) >= 0:
        if at == first or not is_digit(text.data[at - 1]):
            return at
        text.start = at + 1
    return -1


cdef inline Py_ssize_t delimiter_before(const unsigned char *data, Py_ssize_t start, Py_ssize_t at) noexcept nogil:
    """How many bytes the delimiter has that ends at `at`: 0 where there is none."""
    if at - 1 >= start and (data[at - 1] == SOH or data[at - 1] == c'|'):
        return 1
    return 2 if at - 2 >= start and data[at - 1] == c'A' and data[at - 2] == c'^' else 0


cdef inline Py_ssize_t delimiter_at(Text text, Py_ssize_t at) noexcept nogil:
    """How many bytes the delimiter has that begins at `at`: 0 where there is none."""
    if at < text.end and (text.data[at] == SOH or text.data[at] == c'|'):
        return 1
    return 2 if at + 1 < text.end and text.data[at] == c'^' and text.data[at + 1] == c'A' else 0


cdef bint ends_message(Text text, Py_ssize_t at) noexcept nogil:
    """If a CheckSum(10) with a delimiter on either side ends at `at`."""
    cdef const unsigned char *data = text.data
    cdef Py_ssize_t tag = at - delimiter_before(data, text.start, at) - END_LENGTH
    return (
        tag + END_LENGTH < at
        and tag > text.start
        and data[tag] == c'1'
        and data[tag + 1] == c'0'
        and data[tag + 2] == c'='
        and is_digit(data[tag + 3])
        and is_digit(data[tag + 4])
        and is_digit(data[tag + 5])
        and delimiter_before(data, text.start, tag) > 0
    )


cdef bint has_end(Text text) noexcept nogil:
    """If a CheckSum(10) with a delimiter on either side is anywhere in it."""
    cdef Text rest = text
    cdef Py_ssize_t at, size
    if ends_message(text, text.end):
        return True
    while (at := find(rest, c'=')) >= 0:
        size = delimiter_at(text, at + 4)
        if size and ends_message(text, at + 4 + size):
            return True
        rest.start = at + 1
    return False


cdef Py_ssize_t next_message(Text text) noexcept nogil:
    """Where on the same line a next message begins, behind this one's CheckSum(10); -1 if it does not."""
    cdef Text rest = text
    cdef Py_ssize_t at, before
    rest.start += 1
    while (at := find_begin(rest)) >= 0:
        before = at
        while before > text.start and (text.data[before - 1] == c' ' or text.data[before - 1] == c'\t'):
            before -= 1
        if ends_message(text, before):
            return at
        rest.start = at + 1
    return -1


cdef bint field_in_front(Text text) noexcept nogil:
    """If what stands in front of a message begins with a field that SOH ends."""
    cdef Py_ssize_t at = text.start
    while at < text.end and is_digit(text.data[at]):
        at += 1
    if at == text.start or at >= text.end or text.data[at] != c'=':
        return False
    text.start = at
    return find(text, SOH) >= 0


cdef int version_delimiter(Text text, Py_ssize_t at) noexcept nogil:
    """The delimiter behind the BeginString(8) that begins at `at`; 0 where that is no version."""
    cdef const unsigned char *data = text.data
    at += BEGIN_LENGTH
    if at < text.end and data[at] == c'T':
        at += 1
    if at + 4 > text.end or data[at] != c'.' or not is_digit(data[at + 1]) or data[at + 2] != c'.':
        return 0
    if not is_digit(data[at + 3]):
        return 0
    at += 4
    if at + 3 <= text.end and data[at] == c'S' and data[at + 1] == c'P' and is_digit(data[at + 2]):
        at += 3
    if not delimiter_at(text, at):
        return 0
    return CARET_A if data[at] == c'^' else data[at]


cdef int delimiter_of(Text text) noexcept nogil:
    """What separates a message's fields: SOH, the code of |, or CARET_A."""
    cdef Text rest = text
    cdef Py_ssize_t at
    cdef int found
    while (at := find_begin(rest)) >= 0:
        found = version_delimiter(text, at)
        if found:
            return found
        rest.start = at + 1
    if find(text, SOH) >= 0:
        return SOH
    rest = text
    while (at := find(rest, c'^')) >= 0:
        if delimiter_at(text, at):
            return CARET_A
        rest.start = at + 1
    return c'|' if find(text, c'|') >= 0 else SOH


cdef inline int push(array.array numbers, long long number) except -1:
    cdef Py_ssize_t count = len(numbers)
    array.resize_smart(numbers, count + 1)
    numbers.data.as_longlongs[count] = number
    return 0


cdef class Splitter:
    """Takes a log apart, block by block.

    `strays`: the lines so far that held no message; they are left out, or with `keep` given as they are.
    """

    cdef readonly long long strays
    cdef bint _keep, _cutting
    cdef long long _line, _offset
    cdef bytearray _values, _prefixes
    cdef Py_ssize_t _used
    cdef array.array _ends, _prefix_ends, _lines, _offsets

    def __init__(self, bint keep):
        self._keep = keep
        self._line = 1

    def split(self, bytes block not None, bint last):
        """Take what is whole of a block.

        Returns how many bytes were taken (the next block begins with the others; with `last`, all), and of the
        messages: their bytes one behind the other, the ends of each in them, what stood in front of each on
        its line and the ends of that, each one's line (from 1), and the offset of its first byte in the log.
        The ends begin with a 0; numbers are int64.
        """
        self._values = bytearray(len(block) + 64)
        self._prefixes = bytearray()
        self._used = 0
        self._ends = new_array("q", (0,))
        self._prefix_ends = new_array("q", (0,))
        self._lines = new_array("q")
        self._offsets = new_array("q")
        taken = self._take(block, len(block), last)
        self._offset += taken
        del self._values[self._used:]
        return taken, self._values, self._ends, self._prefixes, self._prefix_ends, self._lines, self._offsets

    cdef Py_ssize_t _take(self, const unsigned char *data, Py_ssize_t size, bint last) except -1:
        cdef Text line = Text(data, 0, 0)
        cdef Py_ssize_t at = 0, following, end, begin, start
        cdef bint partial
        while at < size:
            line.start, line.end = at, size
            end = find(line, NEWLINE)
            partial = end < 0 and not last
            if end < 0:
                end = following = size
            else:
                following = end + 1
            if self._cutting:
                self._cutting = partial
                self._line += not partial
                at = following
                continue
            if not partial and end > at and data[end - 1] == c'\r':
                end -= 1
            line.end = end
            begin = find_line_begin(line)
            if begin < 0:
                if partial:
                    if size - at > LONGEST_LINE:
                        self._stray(data, at, at + LONGEST_LINE)
                        self._cutting = True
                        at = size
                    return at
                if end > at:
                    self._stray(data, at, end)
                self._line += 1
                at = following
                continue
            line.end = begin
            start = at if field_in_front(line) else begin
            at = self._message(data, size, at, start, end, following, partial, last)
            if at < 0:
                return -at - 1
        return at

    cdef int _stray(self, const unsigned char *data, Py_ssize_t start, Py_ssize_t end) except -1:
        self.strays += 1
        if self._keep:
            self._add(data, start, start, end, SOH)
        return 0

    cdef Py_ssize_t _message(
        self,
        const unsigned char *data,
        Py_ssize_t size,
        Py_ssize_t at,
        Py_ssize_t start,
        Py_ssize_t end,
        Py_ssize_t following,
        bint partial,
        bint last,
    ) except? -2:
        """Take a line that holds messages. Returns where the next line begins, or -1 - where more is needed."""
        cdef Text text = Text(data, start, end)
        cdef Py_ssize_t next_start, begin, stop
        cdef long long lines = 1
        while (next_start := next_message(text)) >= 0:
            stop = next_start
            while data[stop - 1] == c' ' or data[stop - 1] == c'\t':
                stop -= 1
            self._add(data, at, text.start, stop, 0)
            at = text.start = next_start
        begin = text.start
        if partial:
            if size - begin <= LONGEST_LINE:
                return -1 - at
            self._add(data, at, begin, begin + LONGEST_LINE, 0)
            self._cutting = True
            return size
        if not ends_message(text, end) and find(text, SOH) >= 0 and not has_end(text):
            stop = self._continuation(data, size, begin, end, following, last, &lines)
            if stop < 0:
                return -1 - at
            if stop > end:
                end = text.start = stop
                text.end = size
                stop = find(text, NEWLINE)
                following = size if stop < 0 else stop + 1
        self._add(data, at, begin, end, 0)
        self._line += lines
        return following

    cdef Py_ssize_t _continuation(
        self,
        const unsigned char *data,
        Py_ssize_t size,
        Py_ssize_t start,
        Py_ssize_t end,
        Py_ssize_t following,
        bint last,
        long long *lines,
    ) noexcept:
        """Where a message ends whose data field has line ends; `end` if it has none, -1 if more is needed."""
        cdef Text text = Text(data, following, size)
        cdef Py_ssize_t stop
        cdef long long taken = 0
        while taken < MOST_LINES and text.start - start < LONGEST_LINE:
            text.end = size
            if text.start >= size:
                return end if last else -1
            stop = find(text, NEWLINE)
            if stop < 0 and not last:
                return -1 if size - start < LONGEST_LINE else end
            text.end = size if stop < 0 else stop
            if text.end > text.start and data[text.end - 1] == c'\r':
                text.end -= 1
            if find_line_begin(text) >= 0:
                return end
            taken += 1
            if has_end(text):
                lines[0] += taken
                return text.end
            text.start = size if stop < 0 else stop + 1
        return end

    cdef int _add(
        self, const unsigned char *data, Py_ssize_t at, Py_ssize_t start, Py_ssize_t end, int delimiter
    ) except -1:
        """Add the message between `start` and `end`, of a line from `at` on; delimiter 0: find out."""
        cdef Text text = Text(data, start, end)
        cdef Py_ssize_t used = self._used
        cdef unsigned char *out
        if end - start + 1 > len(self._values) - used:
            self._values.extend(bytes(end - start + 1))
        out = self._values
        if delimiter == 0:
            delimiter = delimiter_of(text)
        if delimiter == SOH:
            memcpy(out + used, data + start, end - start)
            used += end - start
        else:
            while text.start < text.end and is_blank(data[text.start]):
                text.start += 1
            while text.start < text.end and is_blank(data[text.end - 1]):
                text.end -= 1
            used = self._replaced(out, used, text, delimiter)
        if start > at:
            self._prefixes += data[at:start]
        self._used = used
        push(self._ends, used)
        push(self._prefix_ends, len(self._prefixes))
        push(self._lines, self._line)
        push(self._offsets, self._offset + start)
        return 0

    cdef Py_ssize_t _replaced(
        self, unsigned char *out, Py_ssize_t used, Text text, int delimiter
    ) noexcept:
        """Copy with SOH for every delimiter, and one at the end."""
        cdef Py_ssize_t at = text.start
        cdef Py_ssize_t first = used
        cdef unsigned char byte
        if delimiter == c'|':
            for at in range(text.start, text.end):
                byte = text.data[at]
                out[used] = SOH if byte == c'|' else byte
                used += 1
        else:
            while at < text.end:
                byte = text.data[at]
                if byte == c'^' and at + 1 < text.end and text.data[at + 1] == c'A':
                    byte = SOH
                    at += 1
                out[used] = byte
                used += 1
                at += 1
        if used == first or out[used - 1] != SOH:
            out[used] = SOH
            used += 1
        return used
