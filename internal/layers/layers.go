// Package layers checks the import floors that layers.txt fixes: imports point down only.
package layers

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// Floors maps a room (a folder below the module root, "." for the root) to its floor, lowest 0.
type Floors map[string]int

// Parse reads layers.txt: one floor a line, lowest first, rooms separated by blanks, # for comments.
func Parse(r io.Reader) (Floors, error) {
	floors := Floors{}
	lines := bufio.NewScanner(r)
	for floor := 0; lines.Scan(); {
		line, _, _ := strings.Cut(lines.Text(), "#")
		rooms := strings.Fields(line)
		if len(rooms) == 0 {
			continue
		}
		for _, room := range rooms {
			if _, twice := floors[room]; twice {
				return nil, fmt.Errorf("room %s stands on two floors", room)
			}
			floors[room] = floor
		}
		floor++
	}
	return floors, lines.Err()
}

// Room finds the room of a package: the longest listed folder that holds it.
func (f Floors) Room(pkg string) (room string, ok bool) {
	if pkg == "" {
		pkg = "."
	}
	for room = pkg; ; {
		if _, ok := f[room]; ok {
			return room, true
		}
		at := strings.LastIndexByte(room, '/')
		if at < 0 {
			return "", false
		}
		room = room[:at]
	}
}

// Check reports the imports of pkg (both relative to the module root) that do not point down.
func (f Floors) Check(pkg string, imports []string) []string {
	from, ok := f.Room(pkg)
	if !ok {
		return []string{fmt.Sprintf("%s is on no floor of layers.txt", pkg)}
	}
	var wrong []string
	for _, imp := range imports {
		to, ok := f.Room(imp)
		switch {
		case !ok:
			wrong = append(wrong, fmt.Sprintf("%s imports %s, which is on no floor of layers.txt", pkg, imp))
		case to != from && f[to] >= f[from]:
			wrong = append(wrong, fmt.Sprintf("%s (floor %d) imports %s (floor %d)", pkg, f[from], imp, f[to]))
		}
	}
	return wrong
}
