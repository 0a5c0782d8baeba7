package claudemesh

import (
	"context"
	"errors"
)

// Reply answers a message of the inbox: to the agent that sent it and, unless FromAgent says otherwise, from the one that it
// was sent to; To and ReplyTo are set here. Once the answer is on disk at the daemon the message is marked as read. Given
// again with the same ClientMessageID the answer goes out once.
func (c *Client) Reply(ctx context.Context, inboxID int64, answer SendRequest) (*SendResult, error) {
	ctx, cancel := withDefaultTimeout(ctx, defaultTimeout)
	defer cancel()
	item, err := c.Inbox.Item(ctx, inboxID)
	if err != nil {
		return nil, err
	}
	if answer.ClientMessageID == "" {
		if answer.ClientMessageID, err = newID(); err != nil {
			return nil, err
		}
	}
	// By the sender's id, which outlives a change of its name.
	answer.To = "@" + item.From.MemberID
	if agent := item.From.Agent; agent != nil {
		answer.To += "/" + *agent
	}
	answer.ReplyTo = item.BrokerMessageID
	sent, err := c.answerAs(ctx, answer, item.Agent)
	if err != nil || item.ReadAt != nil {
		return sent, err
	}
	_, err = c.Inbox.MarkRead(ctx, inboxID)
	return sent, err
}

// answerAs sends from the agent that was asked; where it is none of this member's (any more), the member itself answers.
func (c *Client) answerAs(ctx context.Context, answer SendRequest, asked *string) (*SendResult, error) {
	if answer.FromAgent != "" || asked == nil {
		return c.Send(ctx, answer)
	}
	named := answer
	named.FromAgent = *asked
	sent, err := c.Send(ctx, named)
	if errors.Is(err, ErrUnknownAgent) {
		// Refused before anything was kept: the id is still free.
		return c.Send(ctx, answer)
	}
	return sent, err
}
