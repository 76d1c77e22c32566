"""The sample programme: three believable AI systems, built through the actions, so that what a newcomer sees obeys the rules."""
