package kill

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// server is a process that serves a database.
type server struct {
	process *exec.Cmd
	log     bytes.Buffer // its standard error
	address chan string  // told when it listens; closed when it ended before
}

// startServer runs the binary on a database directory. Checkpoints come often.
func startServer(binary, dir string) (*server, error) {
	s := &server{process: exec.Command(binary, "serve", dir, "--listen", "127.0.0.1:0", "--checkpoint-bytes", "65536"), address: make(chan string, 1)}
	s.process.Stderr = &s.log
	s.process.Env = append(os.Environ(), "GOMAXPROCS=2")
	out, err := s.process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.process.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", binary, err)
	}
	go func() {
		defer close(s.address)
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if at, found := strings.CutPrefix(lines.Text(), "listening on "); found {
				s.address <- at
			}
		}
	}()
	return s, nil
}

// startLimit is far more than any start may take here.
const startLimit = 60 * time.Second

// listening waits until the server takes connections.
func (s *server) listening() (string, error) {
	select {
	case address, ok := <-s.address:
		if ok {
			return address, nil
		}
		err := s.process.Wait()
		return "", fmt.Errorf("the server ended: %w: %s", err, tail(s.log.String()))
	case <-time.After(startLimit):
		s.kill()
		return "", fmt.Errorf("the server does not listen after %v: %s", startLimit, tail(s.log.String()))
	}
}

// kill ends the process with SIGKILL and waits for its end.
func (s *server) kill() {
	_ = s.process.Process.Kill() // it may have ended
	_ = s.process.Wait()
}

// panicked is what the process said when it ended by itself, "" otherwise.
func (s *server) panicked() string {
	if text := s.log.String(); strings.Contains(text, "panic:") || strings.Contains(text, "fatal error:") {
		return tail(text)
	}
	return ""
}

func tail(text string) string {
	const most = 4000
	return text[max(0, len(text)-most):]
}

func dial(ctx context.Context, address string) (*flightsql.Client, error) {
	return flightsql.NewClientCtx(ctx, address, nil, nil, grpc.WithTransportCredentials(insecure.NewCredentials()))
}
