package auth

import "strings"

const (
	maxFormUser = 1 << 10 // bytes of the field
	maxCalled   = 128     // characters of the name
)

// FormName is what the field user of a provider's form says that the person is
// called, {"name": {"firstName", "lastName"}}; "" where it is anything else. The
// provider has signed none of it: it passed through the browser.
func FormName(user string) string {
	if user == "" || len(user) > maxFormUser {
		return ""
	}
	f, err := readBody([]byte(user))
	if err != nil {
		return ""
	}
	name, err := f.object("name")
	if err != nil {
		return ""
	}
	first, _, err := name.text("firstName")
	if err != nil {
		return ""
	}
	last, _, err := name.text("lastName")
	if err != nil {
		return ""
	}
	return called(strings.TrimSpace(first) + " " + strings.TrimSpace(last))
}

// called is a name of one line, "" where it is none.
func called(name string) string {
	name, err := line("name", name, maxCalled)
	if err != nil {
		return ""
	}
	return name
}
