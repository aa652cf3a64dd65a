// Package proof tries to break the storage engine: random workloads run against package mvcc and
// against a model made of Go maps, while the file system crashes, fails or returns damaged bytes.
//
// Four kinds of proof: Crash stops the machine before file operations, recovery's own among them;
// Together does so under commits at the same time; Faults lets operations fail, once or for good;
// Corrupt damages the files of a closed or crashed database. A unit is one seed: but for Together, the
// same seed does the same operations in the same order, and the seed of a violation reproduces it.
//
// P1: an acknowledged commit is there after every crash, failure and restart.
// P2: an unacknowledged commit is there wholly or not at all.
// P3: recovering once, twice, or after a crash inside recovery gives the same state.
// P4: what a snapshot sees never changes.
// P5: a failed operation is reported; what was acknowledged stays readable once the cause is gone.
// P6: damage is reported with the file's name, or it changes nothing. The one exception is the end of
// a log: damage to the last commits, when it leaves none behind it that is sound, cannot be told from
// a write that a crash tore, and takes exactly the commits that it touched.
// P7: a backup that was acknowledged verifies and restores what it holds, and with the archive every
// version that was acknowledged to be there; a fourth of the workloads makes backups and an archive.
package proof
