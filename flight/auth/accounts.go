package auth

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
	"unicode"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// FileName is the name of the file of accounts in a database's directory.
const FileName = "users"

// formatVersion is the version of the file's format.
const formatVersion = 1

// TokenPrefix begins every personal access token, so that scanners of leaked secrets know it.
const TokenPrefix = "oxi_"

// Account is a user.
type Account struct {
	Name string `json:"name"`
	// Password is the PHC string of its argon2id hash.
	Password string    `json:"password"`
	Created  time.Time `json:"created"`

	hash phc
}

// Token is a personal access token, of which only the hash is known.
type Token struct {
	// ID names it where it is listed and revoked.
	ID   string `json:"id"`
	User string `json:"user"`
	Name string `json:"name,omitempty"`
	// Hash is SHA-256 of the token, in hexadecimal: its 256 random bits need no salt.
	Hash    string    `json:"sha256"`
	Created time.Time `json:"created"`
	// Expires is zero for a token that does not.
	Expires time.Time `json:"expires,omitzero"`
}

// Accounts are the contents of a file of accounts.
type Accounts struct {
	Version int       `json:"version"`
	Users   []Account `json:"users"`
	Tokens  []Token   `json:"tokens,omitempty"`

	byName  map[string]*Account
	byToken map[string]*Token
}

// Read reads a file of accounts. It refuses one that others can read.
func Read(path string) (*Accounts, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 && runtime.GOOS != "windows" {
		return nil, fmt.Errorf("others may read or write %s: chmod 600 %s", path, path)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	a, err := parse(data)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	return a, nil
}

func parse(data []byte) (*Accounts, error) {
	a := &Accounts{}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(a); err != nil {
		return nil, err
	}
	if a.Version != formatVersion {
		return nil, fmt.Errorf("the file has format version %d, and this is version %d", a.Version, formatVersion)
	}
	return a, a.index()
}

// index checks the accounts and makes them findable.
func (a *Accounts) index() (err error) {
	a.byName, a.byToken = map[string]*Account{}, map[string]*Token{}
	for i := range a.Users {
		u := &a.Users[i]
		if err := checkName(u.Name); err != nil {
			return err
		}
		if a.byName[u.Name] != nil {
			return fmt.Errorf("user %q is there twice", u.Name)
		}
		if u.hash, err = parsePHC(u.Password); err != nil {
			return fmt.Errorf("user %q: %w", u.Name, err)
		}
		a.byName[u.Name] = u
	}
	for i := range a.Tokens {
		a.byToken[a.Tokens[i].Hash] = &a.Tokens[i]
	}
	return nil
}

// checkName refuses names that Basic authentication (RFC 7617) cannot say.
func checkName(name string) error {
	if name == "" || len(name) > 63 {
		return fmt.Errorf("a user's name has 1 to 63 bytes, and %q has %d", name, len(name))
	}
	if strings.ContainsFunc(name, func(r rune) bool { return r == ':' || r == unicode.ReplacementChar || unicode.IsControl(r) }) {
		return fmt.Errorf("a user's name has neither a colon nor control characters: %q", name)
	}
	return nil
}

// Edit changes a file of accounts, or makes it; a server that uses it follows. Only one process edits
// at a time, and a crash leaves the old contents or the new.
func Edit(path string, change func(*Accounts) error) (err error) {
	unlock, err := lock(path + ".lock")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	a, err := Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		a, err = &Accounts{Version: formatVersion}, nil
	}
	if err == nil {
		err = a.index()
	}
	if err == nil {
		err = change(a)
	}
	if err == nil {
		err = a.index()
	}
	if err != nil {
		return err
	}
	data, err := json.MarshalIndent(a, "", "  ")
	if err != nil {
		return err
	}
	return replaceFile(path, append(data, '\n'))
}

// lock waits a few seconds for another process that edits.
func lock(path string) (unlock func() error, err error) {
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		held, err := vfs.Default.Lock(path)
		if err == nil {
			return held.Close, nil
		}
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("locking %s: %w", path, err)
		}
	}
}

// replaceFile writes a private file at once: whoever reads sees the old contents or the new.
func replaceFile(path string, data []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // has mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name()) // a file that nobody needs
		}
	}()
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	dir, err := vfs.Default.OpenDir(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// SetPassword gives a user a password; add makes the user.
func (a *Accounts) SetPassword(name, password string, add bool) error {
	if err := checkName(name); err != nil {
		return err
	}
	u := a.byName[name]
	switch {
	case add && u != nil:
		return fmt.Errorf("user %q exists", name)
	case !add && u == nil:
		return fmt.Errorf("user %q does not exist", name)
	case len(password) < MinPassword:
		return fmt.Errorf("a password has at least %d bytes", MinPassword)
	case strings.HasPrefix(password, TokenPrefix):
		return fmt.Errorf("a password does not begin with %s, as tokens do", TokenPrefix)
	}
	hash := hashPassword(password, usualCost)
	if u != nil {
		u.Password = hash
		return nil
	}
	a.Users = append(a.Users, Account{Name: name, Password: hash, Created: now()})
	return nil
}

// Remove takes a user away, with the user's tokens.
func (a *Accounts) Remove(name string) error {
	if a.byName[name] == nil {
		return fmt.Errorf("user %q does not exist", name)
	}
	users, tokens := a.Users[:0:0], a.Tokens[:0:0]
	for _, u := range a.Users {
		if u.Name != name {
			users = append(users, u)
		}
	}
	for _, t := range a.Tokens {
		if t.User != name {
			tokens = append(tokens, t)
		}
	}
	a.Users, a.Tokens = users, tokens
	return nil
}

// CreateToken makes a token for a user and gives its secret, which is nowhere else. It does not expire
// when lifetime is 0.
func (a *Accounts) CreateToken(user, name string, lifetime time.Duration) (secret string, t Token, err error) {
	if a.byName[user] == nil {
		return "", t, fmt.Errorf("user %q does not exist", user)
	}
	secret = TokenPrefix + randomText()
	t = Token{ID: hex.EncodeToString(random(4)), User: user, Name: name, Hash: hashToken(secret), Created: now()}
	if lifetime > 0 {
		t.Expires = t.Created.Add(lifetime)
	}
	a.Tokens = append(a.Tokens, t)
	return secret, t, nil
}

// RevokeToken takes the token of an ID away.
func (a *Accounts) RevokeToken(id string) error {
	for i, t := range a.Tokens {
		if t.ID == id {
			a.Tokens = append(a.Tokens[:i:i], a.Tokens[i+1:]...)
			return nil
		}
	}
	return fmt.Errorf("there is no token %q", id)
}

// now is the time as the file has it.
func now() time.Time { return time.Now().UTC().Truncate(time.Second) }

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return b
}

// randomText has 256 random bits.
func randomText() string { return base64.RawURLEncoding.EncodeToString(random(32)) }

func hashToken(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
