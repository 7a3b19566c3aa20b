"""What is wrong with sensors: looked at, judged beside what is known, saved; and what verdicts teach."""
