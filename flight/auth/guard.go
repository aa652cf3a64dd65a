package auth

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/oxidb/oxidb/flight"
	"github.com/oxidb/oxidb/sqlerr"
)

// SQLSTATEs of logins.
const (
	stateUnauthorized  sqlerr.State = "28000" // invalid_authorization_specification
	stateWrongPassword sqlerr.State = "28P01" // invalid_password
	stateTooMany       sqlerr.State = "53400" // configuration_limit_exceeded
)

// Anonymous says who gets in without saying a name.
type Anonymous int

// The answers.
const (
	// Nobody gets in without a name.
	Nobody Anonymous = iota
	// UntilAccounts lets everybody in as long as there is no file of accounts (A5).
	UntilAccounts
	// Everybody gets in; a name that is said must be proven all the same.
	Everybody
)

// Options configure a Guard.
type Options struct {
	// Accounts is the path of the file of accounts, which may come later; "" for none.
	Accounts string
	// Lifetime is how long the token of a login stays without use, 24 hours when 0.
	Lifetime time.Duration
	// Anonymous says who gets in without a name.
	Anonymous Anonymous
	// JWT checks tokens of an issuer; nil knows none.
	JWT *JWT
	// Log gets what is wrong with the file of accounts; nil is the default logger.
	Log *slog.Logger
}

// Guard checks the credentials of calls. It implements flight.Authenticator and may be used
// concurrently.
type Guard struct {
	options  Options
	watched  *watched
	bearers  *bearers
	attempts *attempts

	hashing chan struct{} // one place for each hash that may be computed now
	waiting atomic.Int64  // logins that wait for a place or have one
	dummy   phc           // what an unknown user's password is compared with

	secret [32]byte
	mu     sync.Mutex
	proven map[[sha256.Size]byte]provenPassword
}

// provenPassword remembers a password that was checked, by a hash under a key of this process: clients
// that send one with every call must not cost a password hash each.
type provenPassword struct {
	user, password string // password is the account's hash then
	until          time.Time
}

// Bounds of logins.
const (
	maxWaiting = 1000
	maxProven  = 10_000
	provenFor  = 10 * time.Minute
)

// NewGuard reads the accounts. It fails when there is a file that cannot be used.
func NewGuard(o Options) (*Guard, error) {
	if o.Lifetime <= 0 {
		o.Lifetime = 24 * time.Hour
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	w, err := watch(o.Accounts, o.Log)
	if err != nil {
		return nil, err
	}
	g := &Guard{options: o, watched: w, bearers: newBearers(o.Lifetime), attempts: newAttempts(),
		hashing: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2)), proven: map[[sha256.Size]byte]provenPassword{}}
	g.dummy = phc{cost: usualCost, salt: random(saltBytes), key: random(keyBytes)}
	copy(g.secret[:], random(len(g.secret)))
	return g, nil
}

// HasAccounts reports whether there is a file of accounts.
func (g *Guard) HasAccounts() bool { return g.watched.accounts() != nil }

// anonymous is the caller without a name.
const anonymous = "anonymous"

// Authenticate says who calls. A login with user and password gets a token.
func (g *Guard) Authenticate(ctx context.Context, c flight.Credentials) (flight.Identity, error) {
	accounts := g.watched.accounts()
	i, err := g.identify(ctx, accounts, c)
	if err == nil || c.Authorization == "" {
		return i, err
	}
	if latest := g.watched.latest(); latest != accounts {
		return g.identify(ctx, latest, c)
	}
	return i, err
}

func (g *Guard) identify(ctx context.Context, accounts *Accounts, c flight.Credentials) (flight.Identity, error) {
	open := g.options.Anonymous == Everybody || g.options.Anonymous == UntilAccounts && accounts == nil
	scheme, value, _ := strings.Cut(c.Authorization, " ")
	value = strings.TrimSpace(value)
	switch {
	case c.Authorization == "" && c.Certificate != nil:
		return certified(c)
	case c.Authorization == "" && open, g.options.Anonymous == UntilAccounts && open && g.options.JWT == nil:
		return g.nameless(c), nil // a server without accounts takes any credentials
	case c.Authorization == "":
		return flight.Identity{}, sqlerr.New(stateUnauthorized, "this server wants to know who calls").WithHint("Connect with user and password, or with a token.")
	case strings.EqualFold(scheme, "Basic"):
		return g.basic(ctx, accounts, c, value)
	case strings.EqualFold(scheme, "Bearer") && value == anonymous && open:
		return g.nameless(c), nil
	case strings.EqualFold(scheme, "Bearer"):
		return g.bearer(ctx, accounts, value)
	}
	return flight.Identity{}, sqlerr.New(stateUnauthorized, "the authorization is neither Basic nor Bearer")
}

// nameless is the identity of somebody without a name; clients expect a token of every handshake.
func (g *Guard) nameless(c flight.Credentials) (i flight.Identity) {
	if c.Handshake {
		i.Token = anonymous
	}
	return i
}

// certified takes the name from a certificate that TLS has verified.
func certified(c flight.Credentials) (flight.Identity, error) {
	name := c.Certificate.Subject.CommonName
	if err := checkName(name); err != nil {
		return flight.Identity{}, sqlerr.New(stateUnauthorized, "the certificate's common name: %w", err)
	}
	return flight.Identity{User: name}, nil
}

// wrongPassword is the one answer to everything that is wrong with a user and a password (A2).
func wrongPassword() error {
	return sqlerr.New(stateWrongPassword, "user and password do not match")
}

// basic checks user and password (RFC 7617). In place of the password a personal access token will do,
// for tools that ask for a password only.
func (g *Guard) basic(ctx context.Context, accounts *Accounts, c flight.Credentials, value string) (flight.Identity, error) {
	text, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(value, "=")) // Go clients leave the padding out
	user, password, ok := strings.Cut(string(text), ":")
	if err != nil || !ok {
		return flight.Identity{}, sqlerr.New(stateWrongPassword, "the Basic authorization is no base64 of USER:PASSWORD")
	}
	if accounts == nil {
		accounts = &Accounts{}
	}
	if strings.HasPrefix(password, TokenPrefix) {
		name, ok := accounts.tokenUser(password, time.Now())
		if !ok || name != user {
			return flight.Identity{}, wrongPassword()
		}
		return flight.Identity{User: user}, nil
	}
	fresh, err := g.checkPassword(ctx, accounts, c, user, password)
	if err != nil {
		return flight.Identity{}, err
	}
	i := flight.Identity{User: user}
	if fresh || c.Handshake {
		i.Token = g.bearers.issue(user, accounts.byName[user].Password)
	}
	return i, nil
}

// checkPassword compares a password with the account's. fresh tells that it was not known before.
func (g *Guard) checkPassword(ctx context.Context, accounts *Accounts, c flight.Credentials, user, password string) (fresh bool, err error) {
	key := g.keyed(user, password)
	if g.isProven(key, accounts) {
		return false, nil
	}
	leave, err := g.enter(ctx)
	if err != nil {
		return false, err
	}
	defer leave()
	if g.isProven(key, accounts) { // while this call waited
		return false, nil
	}
	address := addressOf(c.Peer)
	if err := g.attempts.check(address, user); err != nil {
		return false, err
	}
	account, hash := accounts.byName[user], g.dummy
	if account != nil {
		hash = account.hash
	}
	if !hash.matches(password) || account == nil {
		g.attempts.fail(address, user)
		return false, wrongPassword()
	}
	g.remember(key, account)
	return true, nil
}

// enter waits for a place to compute a hash in (A3).
func (g *Guard) enter(ctx context.Context) (leave func(), err error) {
	if g.waiting.Add(1) > maxWaiting {
		g.waiting.Add(-1)
		return nil, sqlerr.New(stateTooMany, "too many logins at once").WithHint("Try again in a few seconds.")
	}
	select {
	case g.hashing <- struct{}{}:
		return func() { <-g.hashing; g.waiting.Add(-1) }, nil
	case <-ctx.Done():
		g.waiting.Add(-1)
		return nil, context.Cause(ctx)
	}
}

func (g *Guard) keyed(user, password string) (key [sha256.Size]byte) {
	m := hmac.New(sha256.New, g.secret[:])
	m.Write([]byte(user + "\x00" + password))
	m.Sum(key[:0])
	return key
}

func (g *Guard) isProven(key [sha256.Size]byte, accounts *Accounts) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	p, ok := g.proven[key]
	if !ok {
		return false
	}
	account := accounts.byName[p.user]
	if account == nil || account.Password != p.password || time.Now().After(p.until) {
		delete(g.proven, key)
		return false
	}
	return true
}

func (g *Guard) remember(key [sha256.Size]byte, account *Account) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.proven) >= maxProven {
		clear(g.proven)
	}
	g.proven[key] = provenPassword{user: account.Name, password: account.Password, until: time.Now().Add(provenFor)}
}

// bearer checks a token: a personal one, one of a login, or one of an issuer.
func (g *Guard) bearer(ctx context.Context, accounts *Accounts, token string) (flight.Identity, error) {
	if accounts != nil {
		if user, ok := accounts.tokenUser(token, time.Now()); ok {
			return flight.Identity{User: user}, nil
		}
		if user, ok := g.bearers.user(token, accounts); ok {
			return flight.Identity{User: user}, nil
		}
	}
	if g.options.JWT != nil && strings.Count(token, ".") == 2 {
		user, err := g.options.JWT.user(ctx, token)
		if err == nil {
			err = checkName(user)
		}
		if err != nil {
			return flight.Identity{}, sqlerr.New(stateUnauthorized, "the token is not accepted: %w", err)
		}
		return flight.Identity{User: user}, nil
	}
	return flight.Identity{}, sqlerr.New(stateUnauthorized, "the token is unknown, or has expired").WithHint("Log in again, or make a new token: oxidb token create.")
}

// tokenUser is whose personal access token it is.
func (a *Accounts) tokenUser(secret string, at time.Time) (user string, ok bool) {
	if !strings.HasPrefix(secret, TokenPrefix) {
		return "", false
	}
	hash := hashToken(secret)
	t := a.byToken[hash]
	if t == nil || subtle.ConstantTimeCompare([]byte(t.Hash), []byte(hash)) != 1 || a.byName[t.User] == nil || !t.Expires.IsZero() && !at.Before(t.Expires) {
		return "", false
	}
	return t.User, true
}
