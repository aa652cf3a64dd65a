package auth_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/oxidb/oxidb/flight"
	"github.com/oxidb/oxidb/flight/auth"
	"github.com/oxidb/oxidb/sqlerr"
)

// signer is an issuer's key.
type signer struct {
	name string
	key  *ecdsa.PrivateKey
}

func newSigner(t *testing.T, name string) signer {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return signer{name, key}
}

// keySet is the signers' public keys as the issuer publishes them.
func keySet(t *testing.T, signers ...signer) []byte {
	var keys []map[string]string
	for _, s := range signers {
		point, err := s.key.PublicKey.Bytes() // 4, x, y
		if err != nil {
			t.Fatal(err)
		}
		text := base64.RawURLEncoding.EncodeToString
		keys = append(keys, map[string]string{"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": s.name, "x": text(point[1:33]), "y": text(point[33:])})
	}
	data, err := json.Marshal(map[string]any{"keys": keys})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func (s signer) token(t *testing.T, claims jwt.MapClaims) string {
	token := jwt.NewWithClaims(jwt.SigningMethodES256, claims)
	token.Header["kid"] = s.name
	text, err := token.SignedString(s.key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// claims are those of a good token, changed.
func claims(change func(jwt.MapClaims)) jwt.MapClaims {
	c := jwt.MapClaims{"iss": "https://issuer.example", "aud": "oxidb", "sub": "dora", "exp": time.Now().Add(time.Hour).Unix()}
	change(c)
	return c
}

func TestTokensOfAnIssuer(t *testing.T) {
	ours, theirs := newSigner(t, "one"), newSigner(t, "one")
	keys := keySet(t, ours)
	path := filepath.Join(t.TempDir(), "keys.json")
	if err := os.WriteFile(path, keys, 0o600); err != nil {
		t.Fatal(err)
	}
	j, err := auth.NewJWT(t.Context(), auth.JWTOptions{Issuer: "https://issuer.example", Audience: "oxidb", Keys: path})
	if err != nil {
		t.Fatal(err)
	}
	g := guard(t, auth.Options{JWT: j})
	good := ours.token(t, claims(func(jwt.MapClaims) {}))
	for range 2 { // the second time from memory
		if i, err := g.Authenticate(t.Context(), flight.Credentials{Authorization: "Bearer " + good}); err != nil || i.User != "dora" {
			t.Errorf("a good token: %q, %v", i.User, err)
		}
	}
	unsigned, err := jwt.NewWithClaims(jwt.SigningMethodNone, claims(func(jwt.MapClaims) {})).SignedString(jwt.UnsafeAllowNoneSignatureType)
	if err != nil {
		t.Fatal(err)
	}
	shared := jwt.NewWithClaims(jwt.SigningMethodHS256, claims(func(jwt.MapClaims) {}))
	shared.Header["kid"] = "one"
	confused, err := shared.SignedString(keys) // the public key as a shared secret
	if err != nil {
		t.Fatal(err)
	}
	for what, token := range map[string]string{
		"another key":      theirs.token(t, claims(func(jwt.MapClaims) {})),
		"no signature":     unsigned,
		"a shared secret":  confused,
		"expired":          ours.token(t, claims(func(c jwt.MapClaims) { c["exp"] = time.Now().Add(-time.Hour).Unix() })),
		"no expiry":        ours.token(t, claims(func(c jwt.MapClaims) { delete(c, "exp") })),
		"not yet":          ours.token(t, claims(func(c jwt.MapClaims) { c["nbf"] = time.Now().Add(time.Hour).Unix() })),
		"another issuer":   ours.token(t, claims(func(c jwt.MapClaims) { c["iss"] = "https://other.example" })),
		"another audience": ours.token(t, claims(func(c jwt.MapClaims) { c["aud"] = "mail" })),
		"nobody":           ours.token(t, claims(func(c jwt.MapClaims) { delete(c, "sub") })),
		"a number":         ours.token(t, claims(func(c jwt.MapClaims) { c["sub"] = 7 })),
		"a changed text":   good[:len(good)-8] + "AAAAAAAA",
	} {
		if i, err := g.Authenticate(t.Context(), flight.Credentials{Authorization: "Bearer " + token}); sqlerr.StateOf(err) != "28000" {
			t.Errorf("%s: %q, %v", what, i.User, err)
		}
	}
	if _, err := auth.NewJWT(t.Context(), auth.JWTOptions{Issuer: "https://issuer.example", Keys: path}); err == nil {
		t.Error("tokens for any audience would be taken")
	}
}

// Keys are found by asking the issuer, and a key that it changes to is fetched.
func TestKeysOfAnIssuerByDiscovery(t *testing.T) {
	first, second := newSigner(t, "one"), newSigner(t, "two")
	published := make(chan []byte, 1)
	published <- keySet(t, first)
	var server *httptest.Server
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/keys" {
			keys := <-published
			published <- keys
			_, _ = w.Write(keys)
			return
		}
		_, _ = io.WriteString(w, `{"issuer":"`+server.URL+`","jwks_uri":"`+server.URL+`/keys"}`)
	}))
	defer server.Close()
	j, err := auth.NewJWT(t.Context(), auth.JWTOptions{Issuer: server.URL, Audience: "oxidb", Claim: "email"})
	if err != nil {
		t.Fatal(err)
	}
	g := guard(t, auth.Options{JWT: j})
	who := func(s signer) string {
		token := s.token(t, claims(func(c jwt.MapClaims) { c["iss"], c["email"] = server.URL, "dora@example.org" }))
		i, err := g.Authenticate(t.Context(), flight.Credentials{Authorization: "Bearer " + token})
		if err != nil {
			return err.Error()
		}
		return i.User
	}
	if got := who(first); got != "dora@example.org" {
		t.Errorf("with the first key: %s", got)
	}
	<-published
	published <- keySet(t, first, second)
	eventually(t, "the second key's arrival", func() bool { return who(second) == "dora@example.org" })
	if _, err := auth.NewJWT(t.Context(), auth.JWTOptions{Issuer: server.URL + "/other", Audience: "oxidb"}); err == nil {
		t.Error("the configuration of another issuer was taken")
	}
}
