// Package kill proves that a server which is killed loses nothing that it acknowledged: it starts
// `oxidb serve` as a process of its own, lets many Flight SQL clients write to it, kills it with
// SIGKILL at a random moment (also while it starts, recovers or writes a checkpoint), starts it again
// and compares what is there with what the clients were told.
//
// K1: what was acknowledged is there. K2: a statement or transaction without an answer is there
// wholly or not at all. K3: what was refused is not there. K4: the sum of all accounts never changes,
// and each account is what its transfers add up to.
package kill
