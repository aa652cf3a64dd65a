// Package rowkey turns the key columns of joins, groups and distinct into packed 64-bit words and
// finds dense numbers for them.
//
// K1: two rows of one Layout have equal words exactly when their keys are equal, NULL being equal to
// NULL; who wants NULL to match nothing asks Nullable rows apart.
// K2: each key column has a window of values in the layout; what does not fit widens the window and
// makes a new version of the layout, into which Import carries old words.
// K3: values without a useful integer window (text, floats, wide decimals, intervals) are interned:
// the window holds dense codes in order of arrival. A dictionary is translated once, not per row.
// K4: when the columns together need more than 64 bits, a prefix of them is itself interned and its
// dense number takes its place.
package rowkey

// None is the number of a key that a table does not have.
const None = ^uint32(0)
