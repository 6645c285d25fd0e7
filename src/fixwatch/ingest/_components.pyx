"""Connected components: the one loop of the folds that columns cannot say."""

from cpython.mem cimport PyMem_Free, PyMem_Malloc
from libc.stdint cimport int32_t


def components(const int32_t[:] one, const int32_t[:] other, int32_t count):
    """Join nodes 0 to `count` - 1 by the edges (one[i], other[i]).

    Returns the bytes of `count` int32: for each node the smallest node that it is connected with.
    Union-find with path halving: near-linear time. Raises ValueError for an edge to a node that is not there.
    """
    if one.shape[0] != other.shape[0]:
        raise ValueError("an edge has two ends")
    cdef Py_ssize_t edge
    for edge in range(one.shape[0]):
        if not (0 <= one[edge] < count and 0 <= other[edge] < count):
            raise ValueError("an edge leads to a node that is not there")
    cdef int32_t *parent = <int32_t *>PyMem_Malloc(max(count, 1) * sizeof(int32_t))
    if parent is NULL:
        raise MemoryError
    cdef int32_t node, a, b
    try:
        with nogil:
            for node in range(count):
                parent[node] = node
            for edge in range(one.shape[0]):
                a = _root(parent, one[edge])
                b = _root(parent, other[edge])
                # The smaller one stays the root, so a component's name is its smallest node.
                if a < b:
                    parent[b] = a
                else:
                    parent[a] = b
            for node in range(count):
                parent[node] = _root(parent, node)
        return (<char *>parent)[: count * <Py_ssize_t>sizeof(int32_t)]
    finally:
        PyMem_Free(parent)


cdef int32_t _root(int32_t *parent, int32_t node) noexcept nogil:
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node
