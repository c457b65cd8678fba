//! How a program ends: nothing goes wrong any more, and the deployer has to put right what is there.

use sftp_okta::error::ErrorCode;
use sftp_okta::report::Outcome;

use crate::invariant::Invariant::{I4, I6, I7, I8};
use crate::program::{Act, Command, Program};
use crate::run::World;
use crate::wire::locked;

impl World<'_> {
    /// Without anything going wrong any more, one run has to put everything right, and a second one has nothing to do.
    pub(crate) async fn converge(&mut self, program: &Program) -> Result<(), String> {
        {
            let mut aws = locked(&self.aws);
            aws.stacks.failures = 0;
            aws.servers.starts_that_fail = 0;
        }
        let deploy = Act::calm(Command::Deploy(program.last));
        let mut ended = self.run(&deploy, true).await;
        self.judge(&ended)?;
        // Some states need a person, and the error says what that person has to do.
        while let Some(Err(error)) = &ended.result {
            let hint = error.hint.clone().unwrap_or_default();
            if !self.person_does(&hint).await? {
                return self.tally.compared.hold(I7, Err(format!("one run does not put it right: {error:?}")));
            }
            ended = self.run(&deploy, true).await;
            self.judge(&ended)?;
        }
        let good = matches!(ended.result, Some(Ok(Outcome::Deployed | Outcome::Unchanged)));
        let good = if good { Ok(()) } else { Err(format!("not deployed in the end: {:?}", ended.result)) };
        self.tally.compared.hold_if(self.disturbed, I7, good)?;
        let again = self.run(&deploy, true).await;
        self.judge(&again)?;
        let idle = matches!(again.result, Some(Ok(Outcome::Unchanged))) && !again.changes();
        let idle = if idle { Ok(()) } else { Err(format!("{:?} {:?}", again.result, again.calls())) };
        self.tally.compared.hold(I4, idle)?;
        self.judge_idle_calls(&again, program.manners.strangers)?;
        if program.tears_down {
            self.tear_down(program).await?;
        }
        let end = locked(&self.aws).looks();
        self.ends.push(end);
        Ok(())
    }

    async fn tear_down(&mut self, program: &Program) -> Result<(), String> {
        let status = self.run(&Act::calm(Command::Status(program.last)), true).await;
        self.judge(&status)?;
        // Of two servers with the same tags nobody knows which one serves.
        let wanted = if locked(&self.aws).servers.has_copied_tags() { Outcome::Unhealthy } else { Outcome::Healthy };
        let healthy = matches!(status.result, Some(Ok(outcome)) if outcome == wanted);
        let healthy = if healthy { Ok(()) } else { Err(format!("status of what is deployed: {:?}", status.result)) };
        self.tally.compared.hold(I8, healthy)?;
        let mut removed = self.run(&Act::calm(Command::Teardown), true).await;
        self.judge(&removed)?;
        if let Some(Err(error)) = &removed.result
            && self.person_does(&error.hint.clone().unwrap_or_default()).await?
        {
            removed = self.run(&Act::calm(Command::Teardown), true).await;
            self.judge(&removed)?;
        }
        let again = self.run(&Act::calm(Command::Teardown), true).await;
        self.judge(&again)?;
        for ended in [&removed, &again] {
            let removed = matches!(ended.result, Some(Ok(Outcome::Removed)));
            let removed = if removed { Ok(()) } else { Err(format!("teardown: {:?}", ended.result)) };
            self.tally.compared.hold(I6, removed)?;
        }
        let idle = !again.changes();
        let idle = if idle { Ok(()) } else { Err(format!("the second teardown is not idle: {:?}", again.calls())) };
        self.tally.compared.hold(I6, idle)
    }

    /// Does what the deployer says that a person has to do, where that is a person's matter. Whether it was.
    async fn person_does(&mut self, hint: &str) -> Result<bool, String> {
        if hint.contains("delete-server") && self.servers > 1 {
            locked(&self.aws).servers.keep_one();
            self.servers = 1;
            return Ok(true);
        }
        if hint.contains("untag-resource") {
            return Ok(locked(&self.aws).servers.take_copied_tags_away());
        }
        // A server whose start failed, or a stack that could not be deleted.
        let is_broken = {
            let aws = locked(&self.aws);
            aws.servers.ours().iter().any(|(_, server)| server.state == "START_FAILED")
                || aws.stacks.living().any(|stack| stack.status == "DELETE_FAILED")
        };
        if !is_broken || !hint.contains("teardown") {
            return Ok(false);
        }
        locked(&self.aws).servers.take_copied_tags_away();
        let removed = self.run(&Act::calm(Command::Teardown), true).await;
        self.judge(&removed)?;
        let helps = matches!(removed.result, Some(Ok(Outcome::Removed)));
        let helps = if helps { Ok(()) } else { Err(format!("what it says to do does not help: {:?}", removed.result)) };
        self.tally.compared.hold(I7, helps)?;
        Ok(true)
    }

    /// Under somebody else's stack nothing can be deployed, and nothing is touched.
    pub(crate) async fn leave_alone(&mut self, program: &Program) -> Result<(), String> {
        for command in [Command::Deploy(program.last), Command::Teardown] {
            let ended = self.run(&Act::calm(command), true).await;
            self.judge(&ended)?;
            let refused = matches!(&ended.result, Some(Err(error)) if error.code == ErrorCode::StackFailed);
            let refused = if refused { Ok(()) } else { Err(format!("of somebody else's stack: {:?}", ended.result)) };
            self.tally.compared.hold(I8, refused)?;
        }
        Ok(())
    }
}
