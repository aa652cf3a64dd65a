package oxidb

import "strings"

// indexRows lists every index, which information_schema's standard tables leave out.
func indexRows(sc *scope, add func(...any)) {
	for _, t := range sc.catalog.Tables() {
		for i := range t.Derived {
			x := &t.Derived[i]
			add(t.Schema, x.Name, t.Schema, t.Name, strings.Join(x.Elements, ", "), yesNo(false), yesNo(x.Unique))
		}
		for _, i := range t.Indexes {
			names := make([]string, len(i.Fields))
			for n, field := range i.Fields {
				names[n] = t.Columns[t.OrdinalOf(field)].Name
			}
			add(t.Schema, i.Name, t.Schema, t.Name, strings.Join(names, ", "), yesNo(i.Primary), yesNo(i.Unique))
		}
	}
}
