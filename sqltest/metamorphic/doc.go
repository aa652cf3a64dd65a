// Package metamorphic proves that options change no answer: one random history of statements runs
// under many sets of options (memory or files, checkpoints after every statement, a column cache of
// one byte, tables rewritten, log files of a few kilobytes, no past kept, more workers, optimizer rules
// left out, restarts and crashes in between), and every answer, error and final state must be the same
// as under the first. A history that shows a difference is reduced before it is printed.
//
// The method is that of Pebble's metamorphic test: no model says what is right, so that histories may
// use all of SQL whose answer is settled.
package metamorphic
