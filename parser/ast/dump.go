package ast

import (
	"fmt"
	"reflect"
	"strings"
)

// Dump prints a tree compactly for tests: the type of each node and its fields that are not zero,
// without spans. Two trees are equal, spans apart, when their dumps are.
func Dump(n any) string {
	var b strings.Builder
	dump(&b, reflect.ValueOf(n))
	return b.String()
}

func dump(b *strings.Builder, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			b.WriteString("nil")
			return
		}
		dump(b, v.Elem())
	case reflect.Slice:
		b.WriteByte('[')
		for i := range v.Len() {
			if i > 0 {
				b.WriteByte(' ')
			}
			dump(b, v.Index(i))
		}
		b.WriteByte(']')
	case reflect.Struct:
		dumpStruct(b, v)
	case reflect.String:
		fmt.Fprintf(b, "%q", v.String())
	default:
		fmt.Fprint(b, v.Interface())
	}
}

func dumpStruct(b *strings.Builder, v reflect.Value) {
	if id, ok := v.Interface().(Ident); ok {
		b.WriteString(QuoteIdent(id.Name))
		return
	}
	if name, ok := v.Interface().(Name); ok {
		var p printer
		p.name(&name)
		b.WriteString(p.b.String())
		return
	}
	b.WriteString(v.Type().Name())
	b.WriteByte('{')
	sep := ""
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.Name == "Span" || isEmpty(v.Field(i)) {
			continue
		}
		b.WriteString(sep)
		sep = " "
		b.WriteString(f.Name)
		b.WriteByte(':')
		dump(b, v.Field(i))
	}
	b.WriteByte('}')
}

func isEmpty(v reflect.Value) bool {
	if v.IsZero() || v.Kind() == reflect.Slice && v.Len() == 0 {
		return true
	}
	id, ok := v.Interface().(Ident)
	return ok && id.Name == ""
}
