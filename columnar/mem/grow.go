package mem

// Grow gives s room for n elements: s itself when its capacity suffices, else a copy with at least
// twice the capacity. The old memory stays with the arena. The length is unchanged.
func Grow[T any](a *Arena, s []T, n int) []T {
	if n <= cap(s) {
		return s
	}
	grown := Alloc[T](a, max(n, 2*cap(s), 64), false)[:len(s)]
	copy(grown, s)
	return grown
}

// Append is the built-in append in arena memory.
func Append[T any](a *Arena, s []T, values ...T) []T {
	s = Grow(a, s, len(s)+len(values))
	return append(s, values...)
}

// Extend gives s n more elements of unspecified content.
func Extend[T any](a *Arena, s []T, n int) []T {
	s = Grow(a, s, len(s)+n)
	return s[:len(s)+n]
}
