package oxidb

import "github.com/oxidb/oxidb/sqlerr"

// Fork opens a second session with this one's settings; it has no transaction and no prepared
// statements. Close it.
func (s *Session) Fork() (*Session, error) {
	s.mu.Lock()
	closed, current, user := s.closed, s.settings.clone(), s.user
	s.mu.Unlock()
	if closed {
		return nil, sqlerr.New(sqlerr.AdminShutdown, "the session is closed")
	}
	f, err := s.db.Session()
	if err != nil {
		return nil, err
	}
	f.user = user
	f.settings = sessionSettings{settings: current}
	return f, nil
}
