package ast

import "reflect"

// Inspect calls visit for n and every node below it, parents first. It finds them by reflection: it is
// for definitions, not for every statement.
func Inspect(n Node, visit func(Node)) { inspect(reflect.ValueOf(n), visit) }

func inspect(v reflect.Value, visit func(Node)) {
	switch v.Kind() {
	case reflect.Interface:
		if !v.IsNil() {
			inspect(v.Elem(), visit)
		}
	case reflect.Pointer:
		if v.IsNil() {
			return
		}
		if n, ok := v.Interface().(Node); ok {
			visit(n)
		}
		inspect(v.Elem(), visit)
	case reflect.Slice:
		for i := range v.Len() {
			inspect(v.Index(i), visit)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				inspect(v.Field(i), visit)
			}
		}
	}
}
