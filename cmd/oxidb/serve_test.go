package main

import (
	"context"
	"io"
	"testing"
)

// A server whose input has ended would otherwise stay behind without its owner.
func TestUntilEOF(t *testing.T) {
	input, owner := io.Pipe()
	ctx, stop := untilEOF(context.Background(), input)
	defer stop()
	if _, err := owner.Write([]byte("not the end\n")); err != nil {
		t.Fatal(err)
	}
	if ctx.Err() != nil {
		t.Fatal("the server stops while its input is open")
	}
	if err := owner.Close(); err != nil {
		t.Fatal(err)
	}
	<-ctx.Done()
}
