package file

import (
	"path"
	"slices"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/sqlerr"
)

// Find lists the files that a path or a pattern names, by name. In patterns * and ? stand for any
// characters of one path element, [a-z] for one of a set, ** for any number of folders. A file whose
// name is the pattern itself comes first and alone. 58P01 when there is none.
func Find(fsys vfs.FS, pattern string) ([]Info, error) {
	if pattern == "" {
		return nil, sqlerr.New(sqlerr.InvalidName, "a file name is empty")
	}
	info, err := fsys.Stat(pattern)
	if err == nil {
		if info.IsDir() {
			return nil, sqlerr.New(sqlerr.WrongObjectType, "%q is a directory", pattern).
				WithHint("Name the files in it, for example '%s/*.parquet'.", strings.TrimSuffix(pattern, "/"))
		}
		return []Info{InfoOf(pattern, info)}, nil
	}
	if !strings.ContainsAny(pattern, "*?[") {
		return nil, Error(err, pattern)
	}
	if _, err := path.Match(pattern, ""); err != nil {
		return nil, sqlerr.New(sqlerr.InvalidParameterValue, "%q is not a pattern of file names", pattern)
	}
	root, elements := ".", strings.Split(pattern, "/")
	if strings.HasPrefix(pattern, "/") {
		root, elements = "/", elements[1:]
	}
	elements = slices.DeleteFunc(elements, func(e string) bool { return e == "." || e == "" })
	found := match(fsys, nil, root, elements)
	if len(found) == 0 {
		return nil, sqlerr.New(sqlerr.UndefinedFile, "no file matches %q", pattern)
	}
	slices.SortFunc(found, func(a, b Info) int { return strings.Compare(a.Path, b.Path) })
	return slices.CompactFunc(found, func(a, b Info) bool { return a.Path == b.Path }), nil
}

// match adds the files below dir that the elements of a pattern name. Folders that cannot be read
// have no files.
func match(fsys vfs.FS, found []Info, dir string, elements []string) []Info {
	element, rest := elements[0], elements[1:]
	if !strings.ContainsAny(element, "*?[") {
		return visit(fsys, found, fsys.PathJoin(dir, element), rest)
	}
	names, err := fsys.List(dir)
	if err != nil && dir == "." {
		names, err = fsys.List("") // what the memory file system calls it
	}
	if err != nil {
		return found
	}
	if element == "**" && len(rest) > 0 {
		found = match(fsys, found, dir, rest)
	}
	for _, name := range names {
		below := fsys.PathJoin(dir, name)
		switch ok, _ := path.Match(element, name); {
		case strings.HasPrefix(name, ".") && !strings.HasPrefix(element, "."):
		case element == "**" && isDir(fsys, below):
			found = match(fsys, found, below, elements)
		case ok:
			found = visit(fsys, found, below, rest)
		}
	}
	return found
}

func visit(fsys vfs.FS, found []Info, at string, rest []string) []Info {
	info, err := fsys.Stat(at)
	switch {
	case err != nil:
		return found
	case len(rest) > 0 && info.IsDir():
		return match(fsys, found, at, rest)
	case len(rest) == 0 && !info.IsDir():
		return append(found, InfoOf(at, info))
	}
	return found
}

func isDir(fsys vfs.FS, at string) bool {
	info, err := fsys.Stat(at)
	return err == nil && info.IsDir()
}
