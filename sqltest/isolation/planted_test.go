package isolation

import (
	"context"
	"testing"
)

// planted lists the model's flaws with a class of anomaly that each must show, among others.
var planted = map[flaw]Class{
	"dirty read":                          G1a,
	"every statement has its snapshot":    Internal,
	"snapshot by list":                    GSingle,
	"stale snapshot":                      GSingle + "-realtime",
	"session keeps its last snapshot":     LostAppend,
	"visibility differs by reader":        GSingle,
	"no validation":                       LostUpdate,
	"overwrite without validation":        Incompatible,
	"validation misses the newest commit": LostUpdate,
	"validation looks at one list":        LostUpdate,
	"publish before commit":               G1b,
	"append at once":                      G1a,
	"append twice":                        Duplicate,
	"append nothing":                      LostAppend,
	"append to another list":              Garbage,
	"commit is lost in a crash":           LostAppend,
	"commit drops a list":                 LostAppend,
	"commit is visible in parts":          GSingle,
	"commit is visible late":              GSingle + "-realtime",
	"conflict leaves writes":              G1a,
	"rollback publishes":                  G1a,
	"rollback restores old lists":         LostAppend,
	"read swaps values":                   Incompatible,
	"read lacks the last value":           GSingle + "-realtime",
	"read lacks a middle value":           Incompatible,
	"read repeats a value":                Duplicate,
	"read of another list":                Garbage,
	"own appends are not read":            Internal,
	"own appends come first":              Internal,
}

// plantedReads are flaws that only SERIALIZABLE shows: without them it has no anomaly, with them
// write skew.
var plantedReads = map[flaw]Class{
	"reads are not validated":                      G2Item,
	"validation of reads misses the newest commit": G2Item,
	"validation of reads looks at one list":        G2Item,
}

// checkModel runs a history of the model and counts the anomalies in it.
func checkModel(t *testing.T, l Level, f flaw, often int, seed uint64) map[Class]int {
	t.Helper()
	load := DefaultWorkload(seed, 600)
	m := newModel(f, often, seed)
	m.level = l
	history, err := load.Interleave(context.Background(), m)
	if err != nil {
		t.Fatal(err)
	}
	classes := map[Class]int{}
	for _, a := range Check(history) {
		classes[a.Class]++
	}
	return classes
}

// A checker that overlooks a bug in the model would overlook it in the database.
func TestCheckerFindsPlantedFlaws(t *testing.T) {
	if len(planted) < 20 {
		t.Fatalf("only %d flaws", len(planted))
	}
	for f, class := range planted {
		t.Run(string(f), func(t *testing.T) { findFlaw(t, Snapshot, f, class) })
		t.Run("serializable/"+string(f), func(t *testing.T) { findFlaw(t, Serializable, f, "") })
	}
	for f, class := range plantedReads {
		t.Run(string(f), func(t *testing.T) { findFlaw(t, Serializable, f, class) })
	}
}

// findFlaw checks histories of the flawed model; when the flaw shows at every opportunity, the class
// must be among what they show. A serializable engine has few opportunities: a rare flaw is in some
// histories only.
func findFlaw(t *testing.T, l Level, f flaw, class Class) {
	for _, often := range []int{1, 10} {
		all, violations := map[Class]int{}, 0
		for seed := range uint64(5) {
			if l == Snapshot || often == 1 {
				violations = 0
			}
			for c, n := range checkModel(t, l, f, often, seed) {
				all[c] += n
				if !l.Allows(c) {
					violations += n
				}
			}
			if violations == 0 && (l == Snapshot || often == 1) {
				t.Errorf("seed %d: not found when it shows once in %d", seed, often)
			}
		}
		if violations == 0 {
			t.Errorf("not found when it shows once in %d", often)
		}
		if often == 1 && class != "" && all[class] == 0 {
			t.Errorf("no %s among %v", class, all)
		}
	}
}

// A checker that accuses a right engine is of no use; and one whose histories never meet proves nothing:
// write skew, which snapshot isolation allows, must show up.
func TestCheckerAcceptsSnapshotIsolation(t *testing.T) {
	skews := 0
	for seed := range uint64(40) {
		for c, n := range checkModel(t, Snapshot, "", 1, seed) {
			if !Snapshot.Allows(c) {
				t.Errorf("seed %d: %d × %s", seed, n, c)
			}
			skews += n
		}
	}
	if skews == 0 {
		t.Error("no write skew in any history")
	}
}

// Of a right serializable engine nothing must be reported at all.
func TestCheckerAcceptsSerializable(t *testing.T) {
	for seed := range uint64(40) {
		for c, n := range checkModel(t, Serializable, "", 1, seed) {
			t.Errorf("seed %d: %d × %s", seed, n, c)
		}
	}
}
