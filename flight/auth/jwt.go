package auth

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/time/rate"
)

// JWTOptions say which tokens of an issuer count (RFC 7519, OpenID Connect Core 1.0).
type JWTOptions struct {
	// Issuer and Audience must be the token's own; both are required.
	Issuer, Audience string
	// Keys is the file or the https URL of the issuer's JSON Web Key Set (RFC 7517); "" asks the issuer
	// where it is (OpenID Connect Discovery 1.0).
	Keys string
	// Claim is the claim that names the user, sub when empty.
	Claim string
	// Log gets failures to fetch keys; nil is the default logger.
	Log *slog.Logger
}

// JWT checks tokens that an issuer has signed. Keys from a URL are fetched again each hour and when a
// token names one that is not known yet.
type JWT struct {
	options JWTOptions
	keys    keyfunc.Keyfunc
	parser  *jwt.Parser

	mu    sync.Mutex
	known map[[sha256.Size]byte]knownJWT
}

// knownJWT is a token that was verified; it is verified again after a while, for keys may be withdrawn.
type knownJWT struct {
	user  string
	until time.Time
}

// Bounds of verified tokens.
const (
	maxKnownJWT = 10_000
	knownJWTFor = time.Minute
	clockLeeway = 30 * time.Second
)

// NewJWT gets the keys; those of a URL are kept fresh until ctx is done.
func NewJWT(ctx context.Context, o JWTOptions) (*JWT, error) {
	if o.Issuer == "" || o.Audience == "" {
		return nil, errors.New("tokens of an issuer need the issuer and the audience that they are meant for: without, a token for another service would do")
	}
	if o.Claim == "" {
		o.Claim = "sub"
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	j := &JWT{options: o, known: map[[sha256.Size]byte]knownJWT{}}
	var err error
	if j.keys, err = keySet(ctx, o); err != nil {
		return nil, err
	}
	// Signatures by a public key only: with a shared secret, whoever can verify could also sign.
	algorithms := []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
	j.parser = jwt.NewParser(jwt.WithValidMethods(algorithms), jwt.WithIssuer(o.Issuer), jwt.WithAudience(o.Audience), jwt.WithExpirationRequired(), jwt.WithLeeway(clockLeeway))
	return j, nil
}

func keySet(ctx context.Context, o JWTOptions) (keyfunc.Keyfunc, error) {
	if o.Keys != "" && !isURL(o.Keys) {
		data, err := os.ReadFile(o.Keys)
		if err != nil {
			return nil, err
		}
		keys, err := keyfunc.NewJWKSetJSON(data)
		if err != nil {
			return nil, fmt.Errorf("reading the keys in %s: %w", o.Keys, err)
		}
		return keys, nil
	}
	address := o.Keys
	if address == "" {
		var err error
		if address, err = discover(ctx, o.Issuer); err != nil {
			return nil, fmt.Errorf("asking %s for its keys: %w", o.Issuer, err)
		}
	}
	strict := false
	return keyfunc.NewDefaultOverrideCtx(ctx, []string{address}, keyfunc.Override{
		HTTPTimeout: fetchTimeout, RateLimitWaitMax: time.Second, RefreshUnknownKID: rate.NewLimiter(rate.Every(10*time.Second), 1), NoErrorReturnFirstHTTPReq: &strict,
		RefreshErrorHandlerFunc: func(address string) func(context.Context, error) {
			return func(ctx context.Context, err error) {
				o.Log.ErrorContext(ctx, "the issuer's keys cannot be fetched: the old ones stay in force", "url", address, "error", err)
			}
		},
	})
}

// fetchTimeout bounds a request to an issuer.
const fetchTimeout = 10 * time.Second

func isURL(s string) bool {
	return strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "http://")
}

// discover asks an issuer where its keys are.
func discover(ctx context.Context, issuer string) (keys string, err error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(issuer, "/")+"/.well-known/openid-configuration", nil)
	if err != nil {
		return "", err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = answer.Body.Close() }() // it was read
	if answer.StatusCode != http.StatusOK {
		return "", errors.New(answer.Status)
	}
	var found struct {
		Issuer string `json:"issuer"`
		Keys   string `json:"jwks_uri"`
	}
	if err := json.NewDecoder(io.LimitReader(answer.Body, 1<<20)).Decode(&found); err != nil {
		return "", err
	}
	if found.Issuer != issuer || !isURL(found.Keys) {
		return "", fmt.Errorf("its configuration is of issuer %q, with keys at %q", found.Issuer, found.Keys)
	}
	return found.Keys, nil
}

// user verifies a token and gives the name in it.
func (j *JWT) user(ctx context.Context, token string) (string, error) {
	hash, at := sha256.Sum256([]byte(token)), time.Now()
	j.mu.Lock()
	known, ok := j.known[hash]
	j.mu.Unlock()
	if ok && at.Before(known.until) {
		return known.user, nil
	}
	claims := jwt.MapClaims{}
	if _, err := j.parser.ParseWithClaims(token, claims, j.keys.KeyfuncCtx(ctx)); err != nil {
		return "", err
	}
	user, ok := claims[j.options.Claim].(string)
	if !ok || user == "" {
		return "", fmt.Errorf("it has no claim %q that is a text", j.options.Claim)
	}
	until := at.Add(knownJWTFor)
	if expires, err := claims.GetExpirationTime(); err == nil && expires.Before(until) {
		until = expires.Time
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.known) >= maxKnownJWT {
		clear(j.known)
	}
	j.known[hash] = knownJWT{user: user, until: until}
	return user, nil
}
