package auth

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// cost is what a hash takes: the least that OWASP's password storage cheat sheet (2025) asks of argon2id.
type cost struct {
	memoryKiB, passes uint32
	lanes             uint8
}

var usualCost = cost{memoryKiB: 19 << 10, passes: 2, lanes: 1}

// Bounds of what a file of accounts may ask for.
const (
	maxMemoryKiB = 1 << 20
	maxPasses    = 64
	saltBytes    = 16
	keyBytes     = 32
)

// MinPassword is the length of the shortest password, in bytes.
const MinPassword = 8

// hashPassword gives the PHC string of a new salt: $argon2id$v=19$m=19456,t=2,p=1$SALT$KEY.
func hashPassword(password string, c cost) string {
	salt := make([]byte, saltBytes)
	_, _ = rand.Read(salt) // never fails
	key := argon2.IDKey([]byte(password), salt, c.passes, c.memoryKiB, c.lanes, keyBytes)
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, c.memoryKiB, c.passes, c.lanes,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(key))
}

// phc is a parsed PHC string.
type phc struct {
	cost
	salt, key []byte
}

// parsePHC reads a PHC string of argon2id, within bounds that no file may exceed.
func parsePHC(text string) (p phc, err error) {
	parts := strings.Split(text, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return p, errors.New("the password is no PHC string of argon2id, version 19")
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &p.memoryKiB, &p.passes, &p.lanes); err != nil {
		return p, fmt.Errorf("the cost of the password's hash: %w", err)
	}
	if p.salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil {
		return p, fmt.Errorf("the salt of the password's hash: %w", err)
	}
	if p.key, err = base64.RawStdEncoding.DecodeString(parts[5]); err != nil {
		return p, fmt.Errorf("the password's hash: %w", err)
	}
	if p.lanes == 0 || p.passes == 0 || p.passes > maxPasses || p.memoryKiB < 8*uint32(p.lanes) || p.memoryKiB > maxMemoryKiB || len(p.key) < 16 || len(p.key) > 64 {
		return p, errors.New("the cost of the password's hash is out of bounds")
	}
	return p, nil
}

// matches computes the hash of a password and compares it in constant time.
func (p phc) matches(password string) bool {
	key := argon2.IDKey([]byte(password), p.salt, p.passes, p.memoryKiB, p.lanes, uint32(len(p.key)))
	return subtle.ConstantTimeCompare(key, p.key) == 1
}
