package auth

import (
	"crypto/sha256"
	"sync"
	"time"
)

// maxBearers bounds the tokens of logins; beyond it the longest unused end.
const maxBearers = 100_000

// bearer is a token that a login was given. The server has its hash only, and forgets it when it stops.
type bearer struct {
	user string
	// password is the hash that the login was checked against: a new one ends the token (A4).
	password string
	used     time.Time
}

// bearers end when nobody has used them for a while.
type bearers struct {
	lifetime time.Duration
	now      func() time.Time
	mu       sync.Mutex
	byHash   map[[sha256.Size]byte]*bearer
	swept    time.Time
}

func newBearers(lifetime time.Duration) *bearers {
	return &bearers{lifetime: lifetime, now: time.Now, byHash: map[[sha256.Size]byte]*bearer{}}
}

// issue makes a token.
func (b *bearers) issue(user, password string) (token string) {
	token = randomText()
	b.mu.Lock()
	defer b.mu.Unlock()
	at := b.now()
	if at.Sub(b.swept) > time.Minute || len(b.byHash) >= maxBearers {
		b.sweep(at)
	}
	b.byHash[sha256.Sum256([]byte(token))] = &bearer{user: user, password: password, used: at}
	return token
}

// sweep drops what has expired, and the older part of the rest while that is too many.
func (b *bearers) sweep(at time.Time) {
	b.swept = at
	for limit := b.lifetime; ; limit /= 2 {
		for hash, t := range b.byHash {
			if at.Sub(t.used) > limit {
				delete(b.byHash, hash)
			}
		}
		if len(b.byHash) < maxBearers {
			return
		}
		if limit == 0 {
			clear(b.byHash)
			return
		}
	}
}

// user is whose token it is, if the accounts still have the user with that password.
func (b *bearers) user(token string, accounts *Accounts) (string, bool) {
	hash := sha256.Sum256([]byte(token))
	b.mu.Lock()
	defer b.mu.Unlock()
	t := b.byHash[hash]
	if t == nil {
		return "", false
	}
	at := b.now()
	if account := accounts.byName[t.user]; at.Sub(t.used) > b.lifetime || account == nil || account.Password != t.password {
		delete(b.byHash, hash)
		return "", false
	}
	t.used = at
	return t.user, true
}
