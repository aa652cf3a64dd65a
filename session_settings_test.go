package oxidb_test

import (
	"testing"

	"github.com/oxidb/oxidb"
)

// Sessions share the settings that they start with. What one of them changes must show in no other, nor in
// those that are opened later.
func TestSettingsAreTheSessionsOwn(t *testing.T) {
	db := open(t, oxidb.InMemory)
	a, b := must(db.Session()), must(db.Session())
	initial := must(b.Setting("timezone"))
	for _, sql := range []string{"SET timezone = 'Asia/Tokyo'", "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"} {
		if _, err := a.Exec(t.Context(), sql); err != nil {
			t.Fatal(sql, err)
		}
	}
	fork := must(a.Fork())
	if err := fork.Set("timezone", "Europe/Paris"); err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]*oxidb.Session{initial: b, "Asia/Tokyo": a, "Europe/Paris": fork} {
		if got := must(s.Setting("timezone")); got != name {
			t.Errorf("timezone is %s, not %s", got, name)
		}
	}
	later := must(db.Session())
	if got := must(later.Setting("timezone")); got != initial {
		t.Errorf("a later session has timezone %s", got)
	}
	if _, err := later.Exec(t.Context(), "CREATE TABLE t (id int)"); err != nil {
		t.Error("a later session is not to be read-only:", err)
	}
	if _, err := a.Exec(t.Context(), "RESET timezone"); err != nil || must(a.Setting("timezone")) != initial {
		t.Error("RESET gives", must(a.Setting("timezone")), err)
	}
}
