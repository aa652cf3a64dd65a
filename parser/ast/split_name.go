package ast

import "strings"

// SplitName reads a name as a text holds it, like the argument of nextval: parts with dots between
// them, folded to lower case unless quoted. ok is false for a text that is no name.
func SplitName(text string) (parts []string, ok bool) {
	text = strings.TrimSpace(text)
	for {
		part, rest, ok := cutName(text)
		if !ok {
			return nil, false
		}
		parts = append(parts, part)
		rest = strings.TrimLeft(rest, " ")
		if rest == "" {
			return parts, true
		}
		if rest[0] != '.' {
			return nil, false
		}
		text = strings.TrimLeft(rest[1:], " ")
	}
}

// cutName takes the first part of a name.
func cutName(text string) (part, rest string, ok bool) {
	if !strings.HasPrefix(text, `"`) {
		end := strings.IndexAny(text, `. "`)
		if end < 0 {
			end = len(text)
		}
		return strings.ToLower(text[:end]), text[end:], end > 0
	}
	for at := 1; at < len(text); at++ {
		if text[at] != '"' {
			continue
		}
		if at+1 < len(text) && text[at+1] == '"' {
			at++
			continue
		}
		return strings.ReplaceAll(text[1:at], `""`, `"`), text[at+1:], at > 1
	}
	return "", "", false
}
