package sqlerr

import (
	"errors"
	"fmt"
	"io"
	"testing"
)

func TestRenderPutsCaretsUnderTheMistake(t *testing.T) {
	sql := "SELECT é,\n  l_shipdat FROM t"
	err := At(UndefinedColumn, 13, 22, "column %q does not exist", "l_shipdat").WithHint("Did you mean %q?", "l_shipdate")
	want := `ERROR 42703: column "l_shipdat" does not exist
LINE 2:   l_shipdat FROM t
          ^^^^^^^^^
HINT: Did you mean "l_shipdate"?`
	if got := Render(err, sql); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestStateAndCauseSurviveWrapping(t *testing.T) {
	err := fmt.Errorf("reading segment 12: %w", New(IOError, "short read: %w", io.ErrUnexpectedEOF))
	if StateOf(err) != IOError || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("state %s, cause lost", StateOf(err))
	}
	if StateOf(nil) != Successful || StateOf(io.EOF) != InternalError {
		t.Error("errors without a SQLSTATE are internal, nil is success")
	}
}

func TestPositionBeyondTheTextIsClamped(t *testing.T) {
	if p := PositionIn("ab\ncd", 99); p != (Position{2, 3}) {
		t.Errorf("got %v", p)
	}
}
