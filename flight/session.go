package flight

import (
	"context"
	"crypto/hmac"
	"encoding/hex"
	"hash"
	"net/http"
	"strings"
	"sync/atomic"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/oxidb/oxidb"
	"github.com/oxidb/oxidb/sqlerr"
)

// cookieName is the name that Arrow's own session middleware uses.
const cookieName = "arrow_flight_session_id"

// clientSession is a session that a client refers to by its cookie.
type clientSession struct {
	*oxidb.Session
	user string
	// stateful tells that the client relies on it: it set something, prepared or began.
	stateful atomic.Bool
}

// endSession closes an idle session. One that the client relies on is remembered, so that its next
// call fails instead of running outside of its transaction or without its settings.
func (s *service) endSession(id string, c *clientSession) {
	c.Close()
	if c.stateful.Load() {
		s.ended.add(id, struct{}{})
	}
}

// cookieSession finds the session id among the call's cookies. Without one it offers a new id: the
// session itself is only made when the client comes back with it, so clients without cookies cost
// nothing.
func (s *service) cookieSession(ctx context.Context, headers []string) (id string, returning bool, err error) {
	for _, h := range headers {
		cookies, err := http.ParseCookie(h)
		if err != nil {
			continue
		}
		for _, c := range cookies {
			if c.Name != cookieName {
				continue
			}
			id, ok := s.verify(c.Value)
			if _, over := s.ended.remove(id); ok && !over {
				return id, true, nil
			}
			s.offer(ctx)
			return "", false, sqlerr.New(stateIdleTooLong, "the session has ended: it was idle for too long, or the server was started again").
				WithHint("Its transaction and settings are lost. The next call begins a new session.")
		}
	}
	return s.offer(ctx), false, nil
}

// offer sends a new session id with the answer.
func (s *service) offer(ctx context.Context) string {
	id := newID()
	value := append(hex.AppendEncode([]byte(cookieName+"="), []byte(id)), '.')
	value = append(hex.AppendEncode(value, s.sign(id)), "; Path=/; HttpOnly"...)
	_ = grpc.SetHeader(ctx, metadata.MD{"set-cookie": {string(value)}}) // fails only after the answer has begun
	return id
}

// sign is the signature of a session id that this server offers.
func (s *service) sign(id string) []byte {
	m := s.signers.Get().(hash.Hash)
	defer s.signers.Put(m)
	m.Reset()
	m.Write([]byte(id))
	return m.Sum(nil)[:16]
}

// verify gives the id of a cookie that this server made.
func (s *service) verify(value string) (id string, ok bool) {
	text, signature, _ := strings.Cut(value, ".")
	raw, err := hex.DecodeString(text)
	sum, serr := hex.DecodeString(signature)
	if err != nil || serr != nil || !hmac.Equal(sum, s.sign(string(raw))) {
		return "", false
	}
	return string(raw), true
}

// clientSession gives the session of that id, making it on its first use.
func (s *service) clientSession(id, user string) (*clientSession, func(), error) {
	s.making.Lock()
	defer s.making.Unlock()
	if c, done, ok := s.sessions.use(id); ok {
		if c.user != user {
			done()
			return nil, nil, sqlerr.New(stateNoSession, "the session belongs to another user")
		}
		return c, done, nil
	}
	session, err := s.db.Session()
	if err != nil {
		return nil, nil, err
	}
	session.SetUser(user)
	if !s.sessions.add(id, &clientSession{Session: session, user: user}) {
		session.Close()
		return nil, nil, sqlerr.New(sqlerr.TooManyConnections, "too many sessions")
	}
	c, done, ok := s.sessions.use(id)
	if !ok {
		return nil, nil, sqlerr.New(stateNoSession, "the session has ended")
	}
	return c, done, nil
}
