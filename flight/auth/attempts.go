package auth

import (
	"net"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/oxidb/oxidb/sqlerr"
)

// What may fail before somebody has to wait, and how long each failure counts (A3). A user's bound is
// higher: whoever fails from one address must not lock out the user elsewhere.
const (
	addressFailures = 10
	addressForget   = 6 * time.Second
	userFailures    = 50
	userForget      = 2 * time.Second
	// maxTracked bounds the memory of failures; beyond it those that are nearly forgotten are forgotten.
	maxTracked = 20_000
)

// attempts counts failed logins by address and by user.
type attempts struct {
	mu     sync.Mutex
	failed map[string]*rate.Limiter
	now    func() time.Time
}

func newAttempts() *attempts { return &attempts{failed: map[string]*rate.Limiter{}, now: time.Now} }

// check refuses whoever failed too often.
func (a *attempts) check(address, user string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	at := a.now()
	for _, key := range []string{"a" + address, "u" + user} {
		if l := a.failed[key]; l != nil && l.TokensAt(at) < 1 {
			return sqlerr.New(stateTooMany, "too many failed logins").WithHint("Try again in a few seconds.")
		}
	}
	return nil
}

// fail counts a failure.
func (a *attempts) fail(address, user string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	at := a.now()
	if len(a.failed) >= maxTracked {
		a.forget(at)
	}
	a.count("a"+address, addressForget, addressFailures, at)
	a.count("u"+user, userForget, userFailures, at)
}

func (a *attempts) count(key string, every time.Duration, most int, at time.Time) {
	l := a.failed[key]
	if l == nil {
		l = rate.NewLimiter(rate.Every(every), most)
		a.failed[key] = l
	}
	l.AllowN(at, 1)
}

// forget drops what has recovered, and half of the rest if that is not enough.
func (a *attempts) forget(at time.Time) {
	for key, l := range a.failed {
		if l.TokensAt(at) >= float64(l.Burst()) {
			delete(a.failed, key)
		}
	}
	for key := range a.failed {
		if len(a.failed) < maxTracked/2 {
			return
		}
		delete(a.failed, key)
	}
}

// addressOf is what one guesser is known by: an IPv4 address, the network of an IPv6 address, or the
// machine itself.
func addressOf(peer net.Addr) string {
	tcp, ok := peer.(*net.TCPAddr)
	if !ok {
		return "local"
	}
	ip, ok := netip.AddrFromSlice(tcp.IP)
	if !ok {
		return "local"
	}
	if ip = ip.Unmap(); ip.Is4() {
		return ip.String()
	}
	network, err := ip.Prefix(64)
	if err != nil {
		return ip.String()
	}
	return network.String()
}
