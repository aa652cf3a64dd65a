// Package planted proves the provers: it breaks the engine on purpose, one way at a time, and the
// proofs must notice each. Nothing of it is in the engine: a bug is a change of one place of a source
// file, made in a copy that only `go build -overlay` sees.
package planted
