"""The successful way of R130: presentation, proposal, contract, full prepayment, the event, documents, a high rating."""
from __future__ import annotations

from tests.stories import steps
from tests.stories.story import Story


def test_a(story: Story) -> None:
    story.begin()
    steps.to_evaluation(story)
    print(story.open)
    steps.survey(story)
    story.complete("Попросить рекомендацию", recommendation="no")
    story.complete("Договориться о следующем контакте")
    print(story.milestones, story.instance.status, story.open)
    print([x["Subject"]+' -> '+x["To"] for x in story.mailbox.letters])
