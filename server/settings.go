package server

import (
	"encoding/json"
	"time"
)

// ConfigView is the effective config: no secret and nothing of the environment
// is in it.
type ConfigView struct {
	Values   []ConfigValue   `json:"values"`
	Findings []ConfigFinding `json:"findings"` // of the config in use
	Reloads  []ConfigReload  `json:"reloads"`  // of this node since its start, the newest first
}

// ConfigValue is the value of a key and where it came from.
type ConfigValue struct {
	Path   string   `json:"path"`
	Value  string   `json:"value"` // REDACTED where it is hidden
	Hidden bool     `json:"hidden,omitempty"`
	Source string   `json:"source"` // file, default, environment or flag
	File   string   `json:"file,omitempty"`
	Line   int      `json:"line,omitempty"`
	Names  []string `json:"names,omitempty"` // of variables, or of the flag
}

// ConfigFinding is what `hutch check` says.
type ConfigFinding struct {
	File     string `json:"file"`
	Line     int    `json:"line,omitempty"`
	Column   int    `json:"column,omitempty"`
	Severity string `json:"severity"` // error or warning
	Code     string `json:"code"`
	Message  string `json:"message"`
	Hint     string `json:"hint,omitempty"`
}

// ConfigReload is a switch to another config, or the try of one.
type ConfigReload struct {
	At       time.Time       `json:"at"`
	OK       bool            `json:"ok"`
	Message  string          `json:"message,omitempty"` // why not
	Findings []ConfigFinding `json:"findings"`
}

// MailView is what sends mail.
type MailView struct {
	Sends     bool         `json:"sends"`   // else the app sends no mail
	Printed   bool         `json:"printed"` // mails go to the log, in development
	From      string       `json:"from,omitempty"`
	Kinds     []string     `json:"kinds"`     // of sign-in's mails
	Templates []string     `json:"templates"` // of the app's own
	Waiting   int          `json:"waiting"`   // jobs, counted to MailsCounted
	Dead      int          `json:"dead"`
	Failures  []MailFailed `json:"failures"` // the newest dead ones
}

// MailsCounted is how far jobs of mail are counted.
const MailsCounted = 1000

// MailFailed is a mail that was given up.
type MailFailed struct {
	ID     string    `json:"id"`
	At     time.Time `json:"at"`
	Tries  int       `json:"tries"`
	Reason string    `json:"reason"`
}

// MailAsked names a mail to preview: a kind of sign-in's, or a template.
type MailAsked struct {
	Kind     string          `json:"kind,omitempty"`
	Template string          `json:"template,omitempty"`
	Data     json.RawMessage `json:"data,omitempty"` // of the template
}

// MailPreview is a mail as it would be sent.
type MailPreview struct {
	Subject string `json:"subject"`
	Text    string `json:"text"`
	HTML    string `json:"html"`
}

// About is this server and what it is made of.
type About struct {
	Version  string    `json:"version"`
	Go       string    `json:"go"`
	Platform string    `json:"platform"`
	Started  time.Time `json:"started"`
	Store    string    `json:"store"` // embedded or mongodb
	Bytes    int64     `json:"bytes"` // of the store, with its change log
	Dev      bool      `json:"dev"`
	Nodes    int       `json:"nodes"`
	Licences []Licence `json:"licences"`
}

// Licence is a library that is in the binary or in the dashboard.
type Licence struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	From    string `json:"from"` // go or npm
	Licence string `json:"licence"`
	Text    string `json:"text"` // the id of its text
}
