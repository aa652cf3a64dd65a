package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/term"

	"github.com/oxidb/oxidb/flight/auth"
)

// accountsFile is where users and tokens are.
type accountsFile struct {
	Where string `arg:"" name:"dir" help:"Database directory, or the file that serve has as --users."`
}

// path is the file: the one that is named, or that of a directory, which is made when it is missing.
func (a accountsFile) path() (string, error) {
	info, err := os.Stat(a.Where)
	switch {
	case err == nil && info.IsDir():
		return filepath.Join(a.Where, auth.FileName), nil
	case err == nil:
		return a.Where, nil
	case !errors.Is(err, fs.ErrNotExist):
		return "", err
	}
	return "", fmt.Errorf("%s does not exist: make the directory, or an empty file with mode 600, first", a.Where)
}

func (a accountsFile) edit(change func(*auth.Accounts) error) error {
	path, err := a.path()
	if err != nil {
		return unreachable{err}
	}
	return auth.Edit(path, change)
}

// read gives the accounts, none when there is no file yet.
func (a accountsFile) read() (*auth.Accounts, error) {
	path, err := a.path()
	if err != nil {
		return nil, unreachable{err}
	}
	accounts, err := auth.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return &auth.Accounts{}, nil
	}
	return accounts, err
}

type userCommand struct {
	Add    userAdd    `cmd:"" help:"Add a user. From the first user on, the server asks everybody for a name."`
	Remove userRemove `cmd:"" help:"Remove a user and the user's tokens."`
	List   userList   `cmd:"" help:"List the users."`
	Passwd userPasswd `cmd:"" help:"Give a user another password, which ends the user's logins."`
}

// newPassword asks for a password.
type newPassword struct {
	PasswordFile string `help:"Read the password from this file's first line; - is standard input. Default: ask at the terminal." placeholder:"FILE"`
}

func (n newPassword) read() (string, error) {
	switch n.PasswordFile {
	case "":
		return askPassword()
	case "-":
		return firstLine(os.Stdin)
	}
	f, err := os.Open(n.PasswordFile)
	if err != nil {
		return "", err
	}
	defer f.Close()
	return firstLine(f)
}

func firstLine(r io.Reader) (string, error) {
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	return strings.TrimRight(line, "\r\n"), nil
}

// askPassword asks twice, without echo.
func askPassword() (string, error) {
	fd := int(os.Stdin.Fd())
	if !term.IsTerminal(fd) {
		return "", usage("there is no terminal to ask for the password at: --password-file FILE, or - for standard input")
	}
	ask := func(prompt string) (string, error) {
		fmt.Fprint(os.Stderr, prompt)
		text, err := term.ReadPassword(fd)
		fmt.Fprintln(os.Stderr)
		return string(text), err
	}
	password, err := ask("Password: ")
	if err != nil {
		return "", err
	}
	again, err := ask("Again: ")
	if err == nil && again != password {
		err = errors.New("the two passwords differ")
	}
	return password, err
}

type userAdd struct {
	accountsFile
	Name string `arg:"" help:"The user's name."`
	newPassword
}

func (c *userAdd) Run() error {
	password, err := c.newPassword.read()
	if err != nil {
		return err
	}
	return c.edit(func(a *auth.Accounts) error { return a.SetPassword(c.Name, password, true) })
}

type userPasswd struct {
	accountsFile
	Name string `arg:"" help:"The user's name."`
	newPassword
}

func (c *userPasswd) Run() error {
	password, err := c.newPassword.read()
	if err != nil {
		return err
	}
	return c.edit(func(a *auth.Accounts) error { return a.SetPassword(c.Name, password, false) })
}

type userRemove struct {
	accountsFile
	Name string `arg:"" help:"The user's name."`
}

func (c *userRemove) Run() error {
	return c.edit(func(a *auth.Accounts) error { return a.Remove(c.Name) })
}

type userList struct{ accountsFile }

func (c *userList) Run() error {
	a, err := c.read()
	if err != nil {
		return err
	}
	for _, u := range a.Users {
		fmt.Println(u.Name)
	}
	return nil
}

type tokenCommand struct {
	Create tokenCreate `cmd:"" help:"Make a token and print it: it is shown only now."`
	List   tokenList   `cmd:"" help:"List the tokens, without their secrets."`
	Revoke tokenRevoke `cmd:"" help:"Revoke a token by its ID."`
}

type tokenCreate struct {
	accountsFile
	User    string        `arg:"" help:"Whose token it is."`
	Name    string        `help:"What it is for."`
	Expires time.Duration `help:"When it expires, such as 720h; 0 means never." default:"2160h"`
}

func (c *tokenCreate) Run() error {
	var secret string
	err := c.edit(func(a *auth.Accounts) (err error) {
		secret, _, err = a.CreateToken(c.User, c.Name, c.Expires)
		return err
	})
	if err != nil {
		return err
	}
	fmt.Println(secret)
	return nil
}

type tokenList struct{ accountsFile }

func (c *tokenList) Run() error {
	a, err := c.read()
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tuser\texpires\tname")
	for _, t := range a.Tokens {
		expires := "never"
		if !t.Expires.IsZero() {
			expires = t.Expires.Format(time.RFC3339)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", t.ID, t.User, expires, t.Name)
	}
	return w.Flush()
}

type tokenRevoke struct {
	accountsFile
	ID string `arg:"" name:"id" help:"The token's ID, as oxidb token list shows it."`
}

func (c *tokenRevoke) Run() error {
	return c.edit(func(a *auth.Accounts) error { return a.RevokeToken(c.ID) })
}
