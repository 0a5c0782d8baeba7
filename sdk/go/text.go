package claudemesh

// String is the name that members know it by, or its member_id where it has none.
func (s Sender) String() string {
	if s.Name == nil {
		return s.MemberID
	}
	return *s.Name
}

// Text is the message; "" where its bytes are no text: see Body.
func (i InboxItem) Text() string { return textOf(i.Message) }

// Text is the message; "" where its bytes are no text, or nothing of it can be shown.
func (i HistoryItem) Text() string { return textOf(i.Message) }

// Text is the message; "" where its bytes are no text, or nothing of it can be shown.
func (m ClaimedMessage) Text() string { return textOf(m.Message) }

// Text is the message; "" where its bytes are no text, or nothing of it can be shown.
func (l DeadLetter) Text() string { return textOf(l.Message) }

func textOf(message *string) string {
	if message == nil {
		return ""
	}
	return *message
}
