package parser

import (
	"bytes"
	"encoding/binary"
	"io"
	"math/rand"
	"net"
	"os"
	"testing"

	"github.com/oxidb/oxidb/sqlerr"
)

// oracle is a PostgreSQL server that judges syntax. A message is parsed whole before anything of it
// runs, so after SELECT 1/0 the state 22012 means that the text is accepted, and nothing of it ran.
type oracle struct{ conn net.Conn }

// openOracle connects to the socket named by OXIDB_PG_SOCKET (…/.s.PGSQL.5432) as user postgres.
func openOracle(t *testing.T) *oracle {
	path := os.Getenv("OXIDB_PG_SOCKET")
	if path == "" {
		t.Skip("OXIDB_PG_SOCKET names no PostgreSQL server")
	}
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Skip("PostgreSQL does not answer: ", err)
	}
	t.Cleanup(func() { conn.Close() })
	body := append(binary.BigEndian.AppendUint32(nil, 196608), "user\x00postgres\x00database\x00postgres\x00\x00"...)
	if _, err := conn.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(body)+4)), body...)); err != nil {
		t.Fatal(err)
	}
	o := &oracle{conn: conn}
	o.answer(t)
	return o
}

func (o *oracle) accepts(t *testing.T, text string) bool {
	query := "SELECT 1/0; " + text + "\x00"
	message := append(binary.BigEndian.AppendUint32([]byte{'Q'}, uint32(len(query)+4)), query...)
	if _, err := o.conn.Write(message); err != nil {
		t.Fatal(err)
	}
	return o.answer(t) == string(sqlerr.DivisionByZero)
}

// answer reads up to ReadyForQuery and gives the SQLSTATE of the first error.
func (o *oracle) answer(t *testing.T) (state string) {
	head := make([]byte, 5)
	for {
		if _, err := io.ReadFull(o.conn, head); err != nil {
			t.Fatal(err)
		}
		body := make([]byte, binary.BigEndian.Uint32(head[1:])-4)
		if _, err := io.ReadFull(o.conn, body); err != nil {
			t.Fatal(err)
		}
		switch head[0] {
		case 'Z':
			return state
		case 'E':
			for _, field := range bytes.Split(body, []byte{0}) {
				if state == "" && len(field) > 1 && field[0] == 'C' {
					state = string(field[1:])
				}
			}
		}
	}
}

// mutant deletes, doubles or swaps one token of a text.
func mutant(r *rand.Rand, text string) string {
	toks := lex(text, defaultDepth).tokens
	if len(toks) < 4 {
		return text
	}
	i := r.Intn(len(toks) - 2)
	a, b := toks[i], toks[i+1]
	switch r.Intn(3) {
	case 0:
		return text[:a.pos] + " " + text[a.end:]
	case 1:
		return text[:a.end] + " " + text[a.pos:]
	}
	return text[:a.pos] + text[b.pos:b.end] + " " + text[a.pos:a.end] + text[b.end:]
}

// TestMutantsAgainstPostgres would catch a parser that takes what PostgreSQL refuses: at most 1 in 100
// of the wrong mutants may pass. PostgreSQL 16 syntax, which we take, counts as wrong for a 15 server.
func TestMutantsAgainstPostgres(t *testing.T) {
	o := openOracle(t)
	r := rand.New(rand.NewSource(1))
	wrong, falseAccepts, right, falseRefusals := 0, 0, 0, 0
	for _, s := range corpus(t) {
		if !s.Valid || refusal(t, s.Text) != nil {
			continue
		}
		for range 3 {
			text := mutant(r, s.Text)
			e := refusal(t, text)
			if e != nil && e.State == sqlerr.FeatureNotSupported {
				continue
			}
			if o.accepts(t, text) {
				right++
				if e != nil {
					falseRefusals++
					t.Logf("refused: %v\n%s", e, text)
				}
				continue
			}
			wrong++
			if e == nil {
				falseAccepts++
				t.Logf("accepted:\n%s", text)
			}
		}
	}
	t.Logf("%d wrong mutants, %d accepted; %d right mutants, %d refused", wrong, falseAccepts, right, falseRefusals)
	if falseAccepts > wrong/100 || falseRefusals > right/100 {
		t.Error("too many mutants are judged otherwise than by PostgreSQL")
	}
}
