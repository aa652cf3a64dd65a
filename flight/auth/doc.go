// Package auth decides who calls a server: users with passwords, tokens of several kinds, certificates.
//
// What it promises:
//
//	A1  A password is at rest as an argon2id hash only, a token as a SHA-256 hash only; neither is logged.
//	A2  An unknown user and a wrong password get the same answer after the same work.
//	A3  What guesses is slowed down by address and by user, and never takes more than a bounded part of
//	    processors and memory: hashes are computed by few at once.
//	A4  What is taken away in the file of accounts (a user, a password, a token) ends on a running server
//	    within a second. A file that vanishes or is damaged leaves what was known in force.
//	A5  A server that has known a file of accounts never becomes anonymous.
package auth
