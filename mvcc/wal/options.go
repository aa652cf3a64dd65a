package wal

// Options tune a log. The zero value is a good default.
type Options struct {
	// FileBytes is the length at which a file is full; 0 means 64 MiB. A transaction that is longer gets
	// a file that is longer, too.
	FileBytes int64
	// Spares is how many finished files at most wait to be used again; 0 means 4, negative none.
	Spares int
	// Retain is asked about every finished file that the database does not need any more, before the
	// file is recycled or removed: true keeps it as it is, and the question comes again with the next
	// Trim. It may be called by any goroutine, also while the log starts, and must not use the log. Nil
	// keeps nothing.
	Retain func(number uint64) bool
}

const (
	defaultFileBytes = 64 << 20
	defaultSpares    = 4
)

func (o *Options) fileBytes() int64 {
	if o.FileBytes <= 0 {
		return defaultFileBytes
	}
	return max(o.FileBytes, 2*fileHeaderSize)
}

func (o *Options) maxSpares() int {
	switch {
	case o.Spares < 0:
		return 0
	case o.Spares == 0:
		return defaultSpares
	}
	return o.Spares
}
